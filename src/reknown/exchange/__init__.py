"""Files of templates that other programs read and write: NPZ and Parquet."""
