from keras_ssl.evaluate.baselines import pixels_as_features, random_encoder
from keras_ssl.evaluate.embedding_function import EmbeddingFunction

#: What the kNN accuracy of a training is compared with: names in its log, and in words.
REFERENCES = {"knn_accuracy_of_raw_pixels": "raw pixels", "knn_accuracy_of_random_encoder": "the random encoder"}


def knn_references(encoder, train, image_shape, measure):
    """The kNN accuracy that images have before anything is learned.

    Args:
        encoder: a `keras.Model`, whose architecture with new weights is one reference (`random_encoder`).
        train: the images whose features vote, for the new encoder's batch statistics.
        image_shape: tuple (height, width, channels).
        measure: function from images to features, to the accuracy of such features.

    Returns:
        dict from the names of `REFERENCES` to floats. Without the random encoder where Keras cannot rebuild the
        encoder.
    """
    pixels, random = REFERENCES
    references = {pixels: measure(pixels_as_features)}
    try:
        fresh = random_encoder(encoder, train)
    except ValueError:
        return references
    return {**references, random: measure(EmbeddingFunction(fresh, image_shape))}
