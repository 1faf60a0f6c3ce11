import keras
import tensorflow as tf

from keras_ssl.backbones.patches import to_patches
from keras_ssl.backbones.sincos_positions import sincos_positions


@keras.saving.register_keras_serializable("keras_ssl")
class PatchTokens(keras.layers.Layer):
    """A token for each square patch of an image: a linear map of its pixels, plus the sine-cosine code of its place.

    The same weights serve images of any size that the patches divide.

    Args:
        width: Integer > 0, a multiple of 4: the channels of a token.
        patch_size: Integer > 0: pixels on each side of a patch.
        **kwargs: Arguments of `keras.layers.Layer`.

    Call arguments:
        images: Tensor of shape `(batch, height, width, channels)`, normalized pixels.

    Raises:
        ValueError: If the patches do not divide the images.

    Example:

    >>> PatchTokens(width=192, patch_size=4)(np.zeros((2, 32, 32, 3))).shape
    TensorShape([2, 64, 192])

    Reference:

    - [Dosovitskiy et al., 2020](https://arxiv.org/abs/2010.11929), section 3.1
    """

    def __init__(self, width, patch_size, **kwargs):
        super().__init__(**kwargs)
        self.width = width
        self.patch_size = patch_size
        # A convolution of stride patch_size, as a product: no layout of the pixels is slow then.
        self.projection = keras.layers.Dense(width, dtype=self.dtype_policy, name="projection")

    def build(self, input_shape):
        """Create the projection of a patch's pixels."""
        self.projection.build((None, None, self.patch_size**2 * input_shape[-1]))

    def call(self, images):
        """Return the tokens, `(batch, patches, width)`, row by row."""
        height, width = images.shape[1:3]
        if height % self.patch_size or width % self.patch_size:
            raise ValueError(
                f"Patches must cover the images exactly. Received: images.shape={tuple(images.shape)}, "
                f"patch_size={self.patch_size}"
            )
        positions = sincos_positions(height // self.patch_size, width // self.patch_size, self.width)
        return self.projection(to_patches(images, self.patch_size)) + tf.cast(positions, self.compute_dtype)

    def get_config(self):
        """Return the arguments that make an equal layer."""
        return {**super().get_config(), "width": self.width, "patch_size": self.patch_size}
