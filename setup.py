import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent


def requirements():
    lines = (line.split("#")[0].strip() for line in (ROOT / "requirements.txt").read_text().splitlines())
    return [line for line in lines if line]


def version():
    text = (ROOT / "keras_ssl" / "__init__.py").read_text(encoding="utf-8")
    return re.search(r'^__version__ = "(.+)"$', text, re.MULTILINE)[1]


setup(
    name="keras_ssl",
    version=version(),
    description="Self-supervised learning for images in Keras and TensorFlow",
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE"],
    keywords=["self-supervised learning", "representation learning", "images", "keras", "tensorflow"],
    classifiers=[
        "Development Status :: 4 - Beta",
        "Intended Audience :: Developers",
        "Intended Audience :: Education",
        "Intended Audience :: Science/Research",
        "Operating System :: OS Independent",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Topic :: Scientific/Engineering :: Image Recognition",
    ],
    packages=find_packages(include=["keras_ssl", "keras_ssl.*"]),
    package_data={"keras_ssl": ["py.typed"], "keras_ssl.recipes": ["*.yaml"]},
    # The lower bound is Keras 3.15's, the upper one TensorFlow 2.21's.
    python_requires=">=3.11,<3.14",
    install_requires=requirements(),
    extras_require={
        "serving": ["tensorflow-serving-api>=2.21,<2.22"],  # follows TensorFlow's version
        # Compressed files need imagecodecs (LZW, JPEG) and GDCM (lossless JPEG, common in hospitals).
        "tiff": ["tifffile>=2026.3", "imagecodecs>=2026.3"],
        "dicom": ["pydicom>=3", "python-gdcm>=3.2"],
        "detection": ["pycocotools>=2.0.10"],  # for average precision
        # `make` installs the exact versions of constraints.txt.
        "dev": [
            "hypothesis>=6.170",
            "ipykernel>=7",
            "mypy>=2.4",
            "nbclient>=0.11",
            "pytest>=9.2",
            "pytest-cov>=7.1",
            "pytest-xdist>=3.8",
            "ruff>=0.17.5",
            "tensorboard>=2.21,<2.22",  # for the test of its callback; follows TensorFlow's version
        ],
    },
    entry_points={"console_scripts": ["keras-ssl = keras_ssl.cli:main"]},
)
