import numpy as np

from keras_ssl.data.pixel_data import PixelData, check_fits, check_pixel_count

# Photometric interpretations of the TIFF specification that are gray or RGB, some of them after a conversion below.
_WHITE_IS_ZERO, _PALETTE = 0, 3
_KNOWN = (_WHITE_IS_ZERO, 1, 2, _PALETTE, 6)  # 6, YCbCr, is decoded to RGB by the reader
_ALPHA = (1, 2)


def tiff_size(path):
    """Height and width of a TIFF file, from its header."""
    import tifffile

    with tifffile.TiffFile(path) as file:
        return file.pages[0].imagelength, file.pages[0].imagewidth


def read_tiff(path, channels, max_pixels, bits=None):
    """Read a TIFF file with one image as `PixelData`.

    Args:
        path: Path of the file.
        channels: Integer. The wanted number of channels. An additional alpha channel is dropped. If more than three
            are wanted, a file with as many pages of one channel is read as one image.
        max_pixels: Integer. The largest height × width that is decoded.
        bits: Integer. How many of 16 bits are in use. `None` means all. Defaults to `None`.

    Raises:
        ValueError: If the file has several pages, too many pixels, or values that are not unsigned integers of up to
            16 bits.
    """
    import tifffile

    with tifffile.TiffFile(path) as file:
        # Thumbnails, overviews and masks do not count as images.
        pages = [page for page in file.pages if not (page.is_reduced or page.is_mask)] or [file.pages[0]]
        page = pages[0]
        _check_page(page, max_pixels)
        if len(pages) == 1:
            values = page.asarray()
        elif len(pages) == channels > 3 and all(one.shape == page.shape and one.axes == "YX" for one in pages):
            values = np.stack([one.asarray() for one in pages], axis=-1)
        else:
            raise ValueError(f"This TIFF file has {len(pages)} pages. Write each into a file of its own")
        tag = page.tags.get("Orientation")
        orientation = int(tag.value) if tag is not None and 1 <= tag.value <= 8 else 1
        if page.photometric == _PALETTE:
            return PixelData(page.colormap.T[values], 16, None, orientation)
        if page.axes == "SYX":
            values = np.moveaxis(values, 0, -1)
        values = values.reshape(*values.shape[:2], -1)
        if values.shape[-1] > channels and page.extrasamples and page.extrasamples[-1] in _ALPHA:
            values = values[..., :-1]
        used = bits if bits is not None and page.bitspersample == 16 else page.bitspersample
        largest = int(values.max())
        check_fits(largest, used)
        if page.photometric == _WHITE_IS_ZERO:
            values = (2**used - 1) - values.astype(np.uint16)
        return PixelData(values, used, largest, orientation)


def _check_page(page, max_pixels):
    check_pixel_count(page.imagelength, page.imagewidth, max_pixels)
    if page.photometric not in _KNOWN or page.axes not in ("YX", "YXS", "SYX"):
        kind = getattr(page.photometric, "name", page.photometric)
        raise ValueError(
            f"This kind of TIFF file is not supported ({kind}, axes {page.axes}). Convert it to gray or RGB"
        )
    if page.dtype is None or page.dtype.kind not in "bu" or page.bitspersample > 16:
        values = page.asarray()
        raise ValueError(
            f"This TIFF file holds {values.dtype} values from {values.min():.5g} to {values.max():.5g}. Convert it "
            "to unsigned integers of 8 or 16 bits"
        )
