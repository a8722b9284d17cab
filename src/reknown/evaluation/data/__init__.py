"""What an evaluation rests on: manifests, templates, pairs of them, files of scores."""
