"""Where logs come from: each module reads one kind of source and gives the same frames."""
