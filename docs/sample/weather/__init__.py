"""Collects the readings of weather stations. It works, and stalls its event loop in every way that asynclint finds."""
