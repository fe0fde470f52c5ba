"""Pictures as eyes want them."""

import numpy as np
import numpy.typing as npt


def fitted(picture: npt.NDArray[np.uint8], size: int) -> npt.NDArray[np.uint8]:
    """(3, size, size) of a (H, W, 3) picture; larger ones are averaged down."""
    if picture.shape[:2] != (size, size):
        import cv2

        small = cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA)
        picture = np.asarray(small, np.uint8)
    return np.ascontiguousarray(picture.transpose(2, 0, 1))
