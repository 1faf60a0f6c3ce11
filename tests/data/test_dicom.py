import numpy as np
import pytest
import tensorflow as tf

from keras_ssl.data import from_directory

pydicom = pytest.importorskip("pydicom")


@pytest.fixture
def folder_of(tmp_path):
    """A maker of folders of DICOM files, each given as (values, other elements)."""

    def make(*files):
        for number, (values, elements) in enumerate(files):
            dicom(values, **elements).save_as(tmp_path / f"{number}.dcm", enforce_file_format=True)
        return tmp_path

    return make


def dicom(values, **elements):
    content = pydicom.Dataset()
    content.file_meta = pydicom.dataset.FileMetaDataset()
    content.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    content.file_meta.MediaStorageSOPClassUID = content.SOPClassUID = pydicom.uid.SecondaryCaptureImageStorage
    content.file_meta.MediaStorageSOPInstanceUID = content.SOPInstanceUID = pydicom.uid.generate_uid()
    content.Rows, content.Columns = values.shape[:2]
    content.SamplesPerPixel = 1 if values.ndim == 2 else 3
    content.PhotometricInterpretation = "MONOCHROME2" if values.ndim == 2 else "RGB"
    if values.ndim == 3:
        content.PlanarConfiguration = 0
    content.BitsAllocated = content.BitsStored = 8 * values.dtype.itemsize
    content.PixelRepresentation = int(values.dtype.kind == "i")
    for name, value in elements.items():
        setattr(content, name, value)
    content.HighBit = content.BitsStored - 1
    content.PixelData = values.tobytes()
    content["PixelData"].VR = "OB" if values.dtype.itemsize == 1 else "OW"
    return content


def read(folder, size=(4, 5), channels=1, **options):
    (images,) = from_directory(folder, image_size=size, channels=channels, shuffle=False, **options)
    return images.numpy() if channels == 3 else images.numpy()[..., 0]


def test_the_bits_that_are_stored_say_what_is_white(folder_of, rng):
    values = rng.integers(0, 4096, (4, 5), dtype=np.uint16)
    folder = folder_of(
        (values, {"BitsStored": 12}), (values, {"BitsStored": 12, "PhotometricInterpretation": "MONOCHROME1"})
    )
    images = read(folder)
    np.testing.assert_array_equal(images[0], values >> 4)
    np.testing.assert_array_equal(images[1], (4095 - values) >> 4)
    np.testing.assert_array_equal(read(folder, channels=3)[0], np.repeat(images[0][..., None], 3, axis=-1))


def test_values_with_a_sign(folder_of):
    values = np.array([[-2048, 0, 2047]], np.int16)
    assert read(folder_of((values, {"BitsStored": 12})), (1, 3))[0].tolist() == [[0, 128, 255]]


@pytest.mark.parametrize("inverted", [False, True])
def test_a_window_after_rescaling(inverted, folder_of):
    # Hounsfield units from -160 to 240, the usual window of soft tissue: center 40, width 400.
    units = np.array([[-1000, -160, 40, 239, 3000]])
    elements = {"RescaleSlope": 1, "RescaleIntercept": -1024, "WindowCenter": [40, 600], "WindowWidth": [400, 2000]}
    if inverted:
        elements["PhotometricInterpretation"] = "MONOCHROME1"
    image = read(folder_of(((units + 1024).astype(np.uint16), elements)), (1, 5))[0, 0].astype(int)
    # PS3.3 C.11.2.1.2.1: ((x - (c - 0.5)) / (w - 1) + 0.5) of the way from black to white.
    expected = np.clip((units[0] - 39.5) / 399 + 0.5, 0, 1) * 255
    np.testing.assert_allclose(image, 255 - expected if inverted else expected, atol=1)


def test_the_exact_linear_window(folder_of):
    elements = {"WindowCenter": 50, "WindowWidth": 100, "VOILUTFunction": "LINEAR_EXACT"}
    image = read(folder_of((np.array([[0, 25, 50, 100]], np.uint16), elements)), (1, 4))[0, 0]
    np.testing.assert_allclose(image.astype(int), [0, 63.75, 127.5, 255], atol=1)


def test_color(folder_of, rng):
    values = rng.integers(0, 256, (4, 5, 3), dtype=np.uint8)
    np.testing.assert_array_equal(read(folder_of((values, {})), channels=3)[0], values)


def test_bits_stored_that_are_not_in_use_are_refused_until_the_user_says(folder_of, rng):
    values = rng.integers(0, 4096, (4, 5), dtype=np.uint16)
    values[0, 0] = 4000
    folder = folder_of((values, {}))
    with pytest.raises(ValueError, match="--bits 12"):
        read(folder)
    np.testing.assert_array_equal(read(folder, bits=12)[0], values >> 4)


@pytest.mark.parametrize(
    ("elements", "message"),
    [({"NumberOfFrames": 3}, "has 3 frames.*file of its own"), ({"Rows": 40_000, "Columns": 40_000}, "max_pixels")],
)
def test_what_is_no_single_image_is_refused_in_words(elements, message, folder_of):
    folder = folder_of((np.zeros((4, 5), np.uint8), elements))
    with pytest.raises(tf.errors.InvalidArgumentError, match=rf"0\.dcm .*{message}"):
        read(folder)


@pytest.mark.parametrize("content", [b"", b"no image at all" * 30])
def test_what_is_no_dicom_file_is_named(content, tmp_path):
    (tmp_path / "0.dcm").write_bytes(content)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"0\.dcm"):
        read(tmp_path)
