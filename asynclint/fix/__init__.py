"""From fixes to files: merging edits, adding imports, offloading calls, converging, writing."""
