"""Every kind of figure, each a function from plain marks and finished words to a drawing."""

from divide_index.publication.figures.changes import change_dots
from divide_index.publication.figures.fans import fan
from divide_index.publication.figures.heat_tables import heat_table
from divide_index.publication.figures.lever_bars import lever_effects
from divide_index.publication.figures.paces import pace_bars
from divide_index.publication.figures.panels import small_multiples
from divide_index.publication.figures.paths import path
from divide_index.publication.figures.row_charts import dots, dumbbells
from divide_index.publication.figures.tile_maps import tiles
from divide_index.publication.figures.time_series import series
from divide_index.publication.figures.waterfalls import waterfall

__all__ = [
    "change_dots",
    "dots",
    "dumbbells",
    "fan",
    "heat_table",
    "lever_effects",
    "pace_bars",
    "path",
    "series",
    "small_multiples",
    "tiles",
    "waterfall",
]
