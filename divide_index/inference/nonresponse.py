"""Weights of those who responded, raised to stand for those who did not.

People are put into classes in which response is taken to have nothing to do with the answers; in
each, the weights of respondents are raised to the sum of all. Classes are cells of what is known
of everybody, or people of about the same estimated chance to respond. The classes are taken as
given by every variance: what their choice adds is left out, and what they explain is not taken
off, so errors are as a rule a little large.

References
----------
Little (1986), International Statistical Review 54(2), 139-157; Valliant, Dever, Kreuter (2018),
Practical Tools for Designing and Weighting Survey Samples, 2nd ed., chapter 13.
"""

import numpy as np
from numpy.typing import NDArray

from divide_index.errors import EstimationError
from divide_index.inference.logit import logit_coefficients

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]


def class_ratios(weights: Floats, responded: Mask, classes: Indices) -> Floats:
    """Return the weight of each class over the weight of its respondents.

    Parameters
    ----------
    weights
        Shape ``(n,)``, positive.
    responded
        Who did, shape ``(n,)``.
    classes
        Of each person, shape ``(n,)``, values ``0 … C-1``.

    Returns
    -------
    ratios
        Shape ``(C,)``, 1 or more; infinite for a class in which nobody responded.
    """
    size = int(classes.max()) + 1
    everybody = np.bincount(classes, weights, size)
    answering = np.bincount(classes, weights * responded, size)
    ratios = np.full(size, np.inf)
    np.divide(everybody, answering, out=ratios, where=answering > 0)
    return ratios


def response_propensities(X: Floats, responded: Mask, weights: Floats) -> Floats:
    """Return each person's chance to respond, by a weighted logistic regression.

    Parameters
    ----------
    X
        What is known of everybody, with a constant, shape ``(n, K)``; columns may repeat each
        other.
    responded
        Who did, shape ``(n,)``.
    weights
        Shape ``(n,)``, positive.

    Returns
    -------
    propensities
        Shape ``(n,)``, inside 0 and 1: the fit of R's ``svyglm(family = quasibinomial)``.

    Raises
    ------
    EstimationError
        DI-E438: the regression does not converge, as where a combination of variables tells
        exactly who responded.
    """
    try:
        coefficients = logit_coefficients(responded, X, weights / weights.mean())
    except EstimationError as error:
        raise EstimationError("DI-E438") from error
    return np.asarray(1 / (1 + np.exp(-X @ coefficients)), dtype=np.float64)


def propensity_classes(propensities: Floats, count: int = 5) -> Indices:
    """Return classes of people of about the same chance to respond.

    Parameters
    ----------
    propensities
        Shape ``(n,)``.
    count
        How many classes of the same number of people are wanted; people of one chance stay
        together, so there may be fewer.

    Returns
    -------
    classes
        Shape ``(n,)``, values ``0 … C-1``, from the lowest chance up.
    """
    cuts = np.unique(np.quantile(propensities, np.arange(1, count) / count))
    # A class is open below and closed above, as R's cut makes it.
    classes = np.searchsorted(cuts, propensities, side="left")
    return np.unique(classes, return_inverse=True)[1].astype(np.intp)
