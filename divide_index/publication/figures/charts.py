"""Every kind of figure, each a function from plain marks and finished words to a drawing."""

from divide_index.publication.figures.row_charts import dots, dumbbells
from divide_index.publication.figures.tile_maps import tiles
from divide_index.publication.figures.time_series import series

__all__ = ["dots", "dumbbells", "series", "tiles"]
