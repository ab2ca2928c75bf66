"""A package that exports what its module has."""

from .deep import Box, box
from .deep import make as renamed
