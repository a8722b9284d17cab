"""Unknown people: sightings of faces, brought together where they are of one person.

Arrays in, arrays out: nothing here knows a database. `group` in `grouping.py` is the way in,
`GroupingPolicy` in `policy.py` what it is set by; docs/explanation/groups.md has method and errors.
"""
