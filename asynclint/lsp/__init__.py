"""The language server: `server` speaks the protocol and holds the documents; each workspace folder has a `worker` process with the linked program."""
