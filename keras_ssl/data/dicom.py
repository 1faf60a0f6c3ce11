import numpy as np

from keras_ssl.data.pixel_data import PixelData, check_fits, check_pixel_count


def dicom_size(path: str) -> tuple[int, int]:
    """Height and width of a DICOM file, from its header."""
    import pydicom

    header = pydicom.dcmread(path, stop_before_pixels=True)
    return header.Rows, header.Columns


def read_dicom(path: str, max_pixels: int, bits: int | None = None) -> PixelData:
    """Read a DICOM file with one image as `PixelData`, with the contrast that the file defines.

    Gray values are rescaled, then mapped to 16 bits by the file's first window, or by its VOI table. If it has
    neither, they stay as stored. MONOCHROME1 is inverted, so that 0 is black. Palettes and YBR become RGB.

    Args:
        path: Path of the file.
        max_pixels: Integer. The largest height × width that is decoded.
        bits: Integer. How many of 16 bits are in use if there is no window. `None` means what the file says. Defaults
            to `None`.

    Raises:
        ValueError: If the file has several frames, too many pixels, or no image.
    """
    import pydicom
    from pydicom import pixels

    content = pydicom.dcmread(path)
    _check(content, max_pixels)
    values = pixels.pixel_array(content)
    if content.PhotometricInterpretation == "PALETTE COLOR":
        colors = pixels.apply_color_lut(values, content)
        return PixelData(colors, 8 * colors.dtype.itemsize, None)
    if content.SamplesPerPixel == 3:
        return PixelData(values, content.BitsStored, None)

    shown, largest = _by_window(values, content), None
    if shown is not None:
        values, used = np.round(shown * 65535).astype(np.uint16), 16
    else:
        used = bits if bits is not None and content.BitsStored == 16 else content.BitsStored
        is_signed = content.PixelRepresentation == 1
        largest = 2 * int(np.abs(values.astype(np.int32)).max()) if is_signed else int(values.max())
        check_fits(largest - is_signed, used)
        values = (values.astype(np.int32) + is_signed * 2 ** (used - 1)).astype(np.uint16)
    if content.PhotometricInterpretation == "MONOCHROME1":
        values = (2**used - 1) - values
    return PixelData(values[..., None], used, largest)


def _check(content, max_pixels):
    if "PixelData" not in content:
        raise ValueError("This DICOM file holds no image")
    frames = int(content.get("NumberOfFrames") or 1)
    if frames > 1:
        raise ValueError(f"This DICOM file has {frames} frames. Write each into a file of its own")
    check_pixel_count(content.Rows, content.Columns, max_pixels)
    if content.BitsStored > 16:
        raise ValueError(f"This DICOM file holds values of {content.BitsStored} bits. Convert it to 16")


def _by_window(values, content):
    """Values in [0, 1] by the file's window or VOI table, or `None` if it has neither."""
    from pydicom import pixels

    rescaled = pixels.apply_rescale(values, content)
    if content.get("WindowCenter") is None or content.get("WindowWidth") is None:
        if not content.get("VOILUTSequence"):
            return None
        table_bits = content.VOILUTSequence[0].LUTDescriptor[2]
        return pixels.apply_voi(rescaled.astype(np.int32), content) / (2.0**table_bits - 1)
    # Several windows are alternatives: take the first. The three functions are defined in PS3.3 C.11.2.1.2.
    center, width = (float(np.ravel(content.get(name))[0]) for name in ("WindowCenter", "WindowWidth"))
    function = content.get("VOILUTFunction", "LINEAR")
    if function == "SIGMOID":
        return 1 / (1 + np.exp(-4 * (rescaled - center) / width))
    if function == "LINEAR":
        center, width = center - 0.5, width - 1
    return np.clip((rescaled - center) / max(width, 1e-6) + 0.5, 0, 1)
