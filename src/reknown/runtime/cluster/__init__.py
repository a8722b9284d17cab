"""Work on many images on the workers of a Dask cluster; all else stays in the command."""
