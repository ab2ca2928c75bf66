"""asynclint finds the code that stalls an event loop, proves it with the call chain, and rewrites it."""

__version__ = "0.1.0"
