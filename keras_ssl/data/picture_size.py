from keras_ssl.data.faults import FaultError
from keras_ssl.data.image_files import is_read_by_python, size_by_python

_FORMATS = ("PNG", "JPEG", "MPO", "GIF", "BMP", "WEBP")
_ORIENTATION = 0x0112


def picture_size(path, orientation="exif"):
    """The (height, width) of an image file by its header, turned upright where `orientation` is `"exif"`.

    Raises:
        FaultError: If the file is missing or is no image.
    """
    from PIL import Image

    if is_read_by_python(path):
        size = size_by_python(path)
        if size is None:
            raise FaultError(f"The picture cannot be read. Received: {path!r}")
        return size
    try:
        with Image.open(path, formats=_FORMATS) as image:
            turned = orientation == "exif" and image.getexif().get(_ORIENTATION, 1) in (5, 6, 7, 8)
            return (image.width, image.height) if turned else (image.height, image.width)
    except Exception as error:  # whatever a reader says of a broken file
        raise FaultError(f"The picture cannot be read ({error}). Received: {path!r}") from None
