"""`reknown evaluate`: how often is it wrong, and for whom?"""
