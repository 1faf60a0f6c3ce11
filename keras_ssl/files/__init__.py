"""Files and folders: written whole or not at all, locked against others, sealed against damage."""
