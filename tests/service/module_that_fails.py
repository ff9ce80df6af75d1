"""A module of somebody's own that cannot be imported."""

raise OSError("libvoice.so: cannot open shared object file")
