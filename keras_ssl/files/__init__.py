"""Files and folders: atomic writes, locks and checksums."""
