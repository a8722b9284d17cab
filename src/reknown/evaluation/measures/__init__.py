"""Error rates and what may be said of them: numpy and scipy, no pictures and no reports."""
