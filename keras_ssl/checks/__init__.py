"""What arguments, images and networks may be; the words for those that are not."""
