class SharedPasses:
    """An encoder that goes over the same images once, however many tasks ask for them.

    It lives for one step. Tasks that look at the images as they are share one pass, because they are all given the
    same tensor; views, turned images and tiles are other tensors, and have passes of their own. Several inputs in one
    batch would share a pass, too, but mix their statistics in batch normalization.

    Args:
        encoder: a `keras.Model` from images to features.
        with_feature_map: optional `keras.Model` from images to the features and the last feature map, where a task
            asks for it: `backbones.feature_map.with_feature_map(encoder, …)`.
    """

    def __init__(self, encoder, with_feature_map=None):
        self._encoder = encoder
        self._with_feature_map = with_feature_map
        self._passes = {}

    def __call__(self, images, training=False):
        """The features of `images`, a tensor: (batch, features)."""
        return self._once(images, training)[0]

    def feature_map(self, images, training=False):
        """The last feature map of `images`, (batch, height, width, channels)."""
        return self._once(images, training)[1]

    def _once(self, images, training):
        if images.ref() not in self._passes:
            self._passes[images.ref()] = (
                (self._encoder(images, training=training),)
                if self._with_feature_map is None
                else self._with_feature_map(images, training=training)
            )
        return self._passes[images.ref()]
