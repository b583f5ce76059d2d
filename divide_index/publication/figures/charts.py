"""Every kind of figure, each a function from plain marks and finished words to a drawing."""

from divide_index.publication.figures.heat_tables import heat_table
from divide_index.publication.figures.paths import path
from divide_index.publication.figures.row_charts import dots, dumbbells
from divide_index.publication.figures.tile_maps import tiles
from divide_index.publication.figures.time_series import series
from divide_index.publication.figures.waterfalls import waterfall

__all__ = ["dots", "dumbbells", "heat_table", "path", "series", "tiles", "waterfall"]
