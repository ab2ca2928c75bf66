"""The libcst visitor pipeline over one module, and what its rules may ask."""
