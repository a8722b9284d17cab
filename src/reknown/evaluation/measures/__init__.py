"""Error rates and what may be said of them: numpy and scipy, no images and no reports."""
