"""The built-in rules, one a module. They are found through the entry point group `asynclint.rules`, as those of any plugin."""
