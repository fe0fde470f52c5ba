"""The catalogue: every object category's shape family, real size, colours and options, as data.

Sizes are (width x, depth y, height z) in metres of the largest instance; long things that must fit
into drawers lie along y. Where a real thing is longer than its stand-in (pans, spatulas, trays) it
was cut down until RoboCasa's placement sampler finds room for it in every kitchen.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from . import accessories as acc
from . import baked, boards, bottles, cookware, meat, packages, produce, utensils, vessels
from .draw import Draw, Option
from .shape import Shape

Size = tuple[float, float, float]


@dataclass(frozen=True)
class Entry:
    """How one category is drawn.

    Attributes:
        family: the function that draws one instance.
        size: (w, d, h) [m] of the largest instance.
        colours: palette names; instances take them in turn.
        options: for the family.
    """

    family: Callable[[Draw], Shape]
    size: Size
    colours: tuple[str, ...]
    options: Mapping[str, Option] = field(default_factory=dict)


def _e(
    family: Callable[[Draw], Shape], w: float, d: float, h: float, colours: str, **options: Option
) -> Entry:
    return Entry(family, (w, d, h), tuple(colours.split()), options)


# ruff: noqa: E501
# fmt: off
_R, _O, _L = produce.round_fruit, produce.oblong, produce.lying

PRODUCE: dict[str, Entry] = {
    "apple": _e(_R, 0.072, 0.072, 0.070, "red green yellow crimson", form="apple", top=("stem", "stem_leaf"), dimple=0.16, blush=("", "", "red", "")),
    "apricot": _e(_R, 0.046, 0.046, 0.044, "peach orange", form="tomato", blush=("red", ""), dimple=0.05),
    "artichoke": _e(produce.leafy_head, 0.088, 0.088, 0.090, "pale_green leaf", kind="artichoke"),
    "asparagus": _e(produce.stalks, 0.180, 0.034, 0.032, "leaf green", kind="asparagus"),
    "avocado": _e(_O, 0.098, 0.066, 0.062, "dark_green leaf dark_brown", form="avocado", tip="brown"),
    "banana": _e(produce.banana, 0.165, 0.062, 0.036, "yellow yellow pale_green lemon"),
    "beet": _e(_R, 0.062, 0.062, 0.060, "magenta crimson", form="onion", top="tuft"),
    "bell_pepper": _e(_R, 0.074, 0.074, 0.084, "red green yellow orange", form=("pepper", "pepper_three"), top="green_stem", dimple=0.15),
    "broccoli": _e(produce.broccoli, 0.090, 0.090, 0.092, "dark_green leaf"),
    "brussel_sprout": _e(produce.leafy_head, 0.042, 0.042, 0.040, "green pale_green", kind="cabbage"),
    "cabbage": _e(produce.leafy_head, 0.135, 0.135, 0.115, "pale_green pale_green purple", kind="cabbage"),
    "cantaloupe": _e(_R, 0.130, 0.130, 0.124, "tan golden", form="ball", ribs="pale_green", top="navel"),
    "carrot": _e(_L, 0.160, 0.034, 0.034, "orange orange peach", form="carrot", top="greens", thin=0.85),
    "cauliflower": _e(produce.leafy_head, 0.130, 0.130, 0.110, "ivory white", kind="cauliflower"),
    "celery": _e(produce.stalks, 0.180, 0.046, 0.040, "pale_green green", kind="celery"),
    "cherry": _e(_R, 0.032, 0.032, 0.030, "crimson red", form="tomato", top="stem", dimple=0.1),
    "chili_pepper": _e(produce.chili, 0.120, 0.036, 0.026, "red green yellow"),
    "coconut": _e(_R, 0.115, 0.115, 0.112, "brown dark_brown", form="ball", top="eyes"),
    "corn": _e(_L, 0.165, 0.048, 0.048, "yellow lemon", form="corn", top="husk"),
    "cucumber": _e(_L, 0.175, 0.044, 0.044, "dark_green leaf", form="cucumber", top=("", "stub")),
    "dates": _e(_O, 0.042, 0.024, 0.023, "brown dark_brown", form="egg_lying"),
    "eggplant": _e(_L, 0.165, 0.068, 0.064, "aubergine purple", form="eggplant", top="calyx"),
    "garlic": _e(_R, 0.052, 0.052, 0.050, "ivory white lavender", form="garlic"),
    "ginger": _e(produce.ginger, 0.100, 0.060, 0.036, "tan golden"),
    "grapes": _e(produce.grapes, 0.105, 0.068, 0.056, "purple pale_green crimson"),
    "kiwi": _e(_O, 0.066, 0.053, 0.050, "brown tan", form="ball", tip="dark_brown"),
    "lemon": _e(_O, 0.078, 0.056, 0.056, "lemon yellow", form="lemon"),
    "lemon_wedge": _e(produce.citrus_wedge, 0.060, 0.028, 0.026, "lemon yellow"),
    "lettuce": _e(produce.leafy_head, 0.140, 0.140, 0.110, "green pale_green leaf", kind="lettuce"),
    "lime": _e(_O, 0.062, 0.050, 0.050, "leaf green", form="lemon"),
    "mango": _e(_O, 0.105, 0.072, 0.068, "orange yellow green red", form="egg_lying", tip="brown"),
    "mushroom": _e(produce.mushroom, 0.050, 0.050, 0.048, "ivory tan brown"),
    "onion": _e(_R, 0.070, 0.070, 0.070, "golden purple ivory", form="onion", top="root"),
    "orange": _e(_R, 0.072, 0.072, 0.070, "orange", form="ball", top="navel"),
    "peach": _e(_R, 0.070, 0.070, 0.068, "peach pale_yellow", form="tomato", blush="red", top=("", "stem_leaf")),
    "pear": _e(_R, 0.066, 0.066, 0.092, "pale_green green yellow golden", form="pear", top="stem"),
    "pickle": _e(_L, 0.105, 0.034, 0.034, "green leaf", form="gherkin", top=""),
    "pickle_slice": _e(produce.slice_round, 0.046, 0.046, 0.011, "leaf dark_green", inside="pale_green", form="drum"),
    "pineapple": _e(produce.pineapple, 0.096, 0.096, 0.185, "golden orange"),
    "pomegranate": _e(_R, 0.076, 0.076, 0.074, "crimson red", form="tomato", top="crown"),
    "potato": _e(_O, 0.105, 0.066, 0.058, "tan golden brown", form=("ball", "egg_lying"), spots="brown"),
    "radish": _e(_R, 0.038, 0.038, 0.038, "magenta hot_pink", form="onion", top="tuft"),
    "raspberry": _e(_R, 0.028, 0.028, 0.030, "crimson magenta", form="walnut", top="cap"),
    "squash": _e(_L, 0.160, 0.072, 0.070, "golden orange pale_green", form="squash", top="stub"),
    "strawberry": _e(_R, 0.038, 0.038, 0.042, "red crimson", form="strawberry", top="cap"),
    "sweet_potato": _e(_O, 0.125, 0.062, 0.056, "terracotta magenta brown", form="tuber", spots="brown"),
    "tangerine": _e(_R, 0.062, 0.062, 0.052, "orange peach", form="tomato_ribbed", top=("stem_leaf", "navel")),
    "tomato": _e(_R, 0.070, 0.070, 0.060, "red crimson orange", form=("tomato", "tomato_ribbed"), top="calyx", dimple=0.1),
    "tomato_slice": _e(produce.slice_round, 0.055, 0.055, 0.012, "red crimson", inside="salmon", seeds="orange"),
    "walnut": _e(_R, 0.042, 0.036, 0.036, "tan brown", form="walnut"),
    "watermelon": _e(_R, 0.195, 0.155, 0.150, "dark_green dark_green leaf", form="melon_lying", ribs="green", oblong=True),
    "zucchini": _e(_L, 0.175, 0.046, 0.046, "leaf dark_green yellow", form="cucumber", top="stub"),
}

PACKAGES: dict[str, Entry] = {
    "aluminum_foil": _e(packages.tube_box, 0.230, 0.045, 0.045, "gray", product="foil"),
    "bagged_food": _e(packages.bag, 0.135, 0.070, 0.175, "red", product="snack"),
    "bar": _e(packages.carton, 0.125, 0.042, 0.020, "red", product="bar", flat=True),
    "boxed_drink": _e(packages.carton, 0.060, 0.042, 0.100, "blue", product="drink", straw=True),
    "boxed_food": _e(packages.carton, 0.110, 0.048, 0.155, "orange", product="food"),
    "butter_stick": _e(packages.carton, 0.120, 0.034, 0.032, "cream", product="butter", flat=True),
    "can": _e(packages.can, 0.064, 0.064, 0.118, "red", product="soda", drink=True),
    "canned_food": _e(packages.can, 0.073, 0.073, 0.098, "steel", product="soup"),
    "cereal": _e(packages.carton, 0.150, 0.052, 0.215, "red", product="cereal"),
    "chips": _e(packages.bag, 0.140, 0.068, 0.185, "red", product="chips"),
    "chocolate": _e(packages.carton, 0.125, 0.055, 0.016, "chocolate", product="chocolate", flat=True),
    "cinnamon": _e(packages.shaker, 0.046, 0.046, 0.105, "glass", product="cinnamon", content=("brown", "cooked"), lid=("red", "black", "chrome")),
    "cream_cheese_stick": _e(packages.carton, 0.115, 0.036, 0.032, "white", product="cream", flat=True),
    "flour_bag": _e(packages.bag, 0.115, 0.075, 0.165, "cream", product="flour", paper=True),
    "ice_cream": _e(packages.tub, 0.078, 0.078, 0.085, "white", product="ice_cream", lid=("white", "pink", "brown")),
    "jam": _e(packages.jar_food, 0.068, 0.068, 0.088, "red", product="jam", content=("crimson", "purple", "orange"), lid=("red", "white", "golden")),
    "jello_cup": _e(packages.tub, 0.068, 0.068, 0.062, "red", product="jello", lid=("steel", "white")),
    "milk": _e(packages.gable_carton, 0.072, 0.072, 0.190, "white", product="milk"),
    "paprika": _e(packages.shaker, 0.046, 0.046, 0.105, "glass", product="paprika", content=("red", "terracotta"), lid=("black", "red", "chrome")),
    "peanut_butter": _e(packages.jar_food, 0.072, 0.072, 0.095, "golden", product="peanut", content=("golden", "tan"), lid=("red", "blue", "green")),
    "salsa": _e(packages.jar_food, 0.070, 0.070, 0.090, "red", product="salsa", content=("red", "leaf", "terracotta"), lid=("green", "black", "golden")),
    "salt_and_pepper_shaker": _e(packages.shaker, 0.042, 0.042, 0.088, "white glass steel pale_wood", form=("taper", "drum", "honey_bottle"), pair=True),
    "shaker": _e(packages.shaker, 0.044, 0.044, 0.098, "white glass dark wood", form=("drum", "taper")),
    "spaghetti_box": _e(packages.carton, 0.070, 0.036, 0.230, "blue", product="spaghetti"),
    "turmeric": _e(packages.shaker, 0.046, 0.046, 0.105, "glass", product="turmeric", content=("golden", "yellow"), lid=("green", "black", "chrome")),
    "yogurt": _e(packages.tub, 0.068, 0.068, 0.078, "white", product="yogurt", lid=("steel", "white", "pink")),
}

_B = bottles.bottle
BOTTLES: dict[str, Entry] = {
    "beer": _e(_B, 0.062, 0.062, 0.215, "amber bottle_green amber", form="beer_bottle", product="beer", neck=0.44, clear=0.1, cap=("golden", "red", "steel"), cap_height=0.03, shoulder=0.55),
    "bottled_drink": _e(_B, 0.066, 0.066, 0.200, "orange red leaf purple", form="soda_bottle", product="drink", neck=0.4, clear=0.25, cap=("white", "red", "blue")),
    "bottled_water": _e(_B, 0.064, 0.064, 0.205, "water sky", form="water_bottle", product="water", neck=0.42, clear=0.55, cap=("white", "blue", "sky")),
    "canola_oil": _e(_B, 0.070, 0.070, 0.220, "lemon yellow", form="squeeze_bottle", product="oil", neck=0.5, clear=0.25, cap=("green", "red", "yellow"), shoulder=0.7),
    "condiment_bottle": _e(_B, 0.056, 0.056, 0.165, "red brown yellow green", form=("squeeze_bottle", "oil_bottle"), product="sauce", neck=0.45, cap=("red", "black", "green"), cap_height=0.08),
    "honey_bottle": _e(_B, 0.064, 0.064, 0.150, "golden amber", form="honey_bottle", product="honey", neck=0.45, clear=0.15, cap=("yellow", "black"), cap_height=0.09, label_z=0.17, label_height=0.24),
    "juice": _e(_B, 0.070, 0.070, 0.180, "orange red pale_yellow purple", form=("water_bottle", "flask"), product="juice", neck=0.5, clear=0.15, cap=("orange", "white", "green"), cap_height=0.07),
    "ketchup": _e(_B, 0.060, 0.060, 0.170, "red", form="squeeze_bottle", product="ketchup", neck=0.52, cap=("white", "red"), cap_height=0.09, shoulder=0.72),
    "lemonade": _e(_B, 0.072, 0.072, 0.195, "lemon pale_yellow", form=("soda_bottle", "water_bottle"), product="lemonade", neck=0.42, clear=0.25, cap=("yellow", "green", "white")),
    "liquor": _e(_B, 0.074, 0.074, 0.235, "amber glass golden bottle_green", form=("flask", "oil_bottle", "oil_bottle_square"), product="liquor", neck=0.34, clear=0.25, cap=("black", "golden", "dark_wood"), label_z=0.32),
    "mayonnaise": _e(_B, 0.064, 0.064, 0.140, "ivory white", form=("sauce_jar", "squeeze_bottle"), product="mayo", neck=0.75, cap=("blue", "yellow", "white"), cap_height=0.1, label_z=0.36, shoulder=0.8),
    "mustard": _e(_B, 0.058, 0.058, 0.160, "yellow golden", form="squeeze_bottle", product="mustard", neck=0.5, cap=("red", "yellow", "white"), cap_height=0.1, shoulder=0.72),
    "oil_and_vinegar_bottle": _e(bottles.cruet, 0.060, 0.060, 0.185, "glass", form=("oil_bottle", "oil_bottle_square", "pear")),
    "olive_oil_bottle": _e(_B, 0.064, 0.064, 0.225, "bottle_green dark_green golden", form=("oil_bottle", "oil_bottle_square"), product="oil", neck=0.34, clear=0.15, cap=("black", "green", "golden"), cap_height=0.06),
    "soap_dispenser": _e(bottles.pump, 0.068, 0.068, 0.180, "white sky mint pink gray amber", product="soap", form=("flask", "drum", "taper")),
    "spray": _e(bottles.spray, 0.085, 0.064, 0.225, "blue green yellow white pink", product="cleaner"),
    "syrup_bottle": _e(_B, 0.066, 0.066, 0.185, "amber brown", form=("honey_bottle", "oil_bottle"), product="syrup", neck=0.42, clear=0.1, cap=("red", "golden", "white"), label_z=0.17, label_height=0.24),
    "thermos": _e(bottles.thermos, 0.074, 0.074, 0.210, "steel navy crimson bottle_green black"),
    "vinegar": _e(_B, 0.064, 0.064, 0.205, "pale_yellow crimson glass brown", form=("oil_bottle", "squeeze_bottle"), product="vinegar", neck=0.4, clear=0.3, cap=("white", "black", "red")),
    "water_bottle": _e(_B, 0.066, 0.066, 0.200, "sky teal pink black lavender", form="flask", neck=0.62, cap=("black", "white", "steel"), cap_height=0.09, shoulder=0.8, loop=True),
    "wine": _e(_B, 0.073, 0.073, 0.270, "bottle_green aubergine bottle_green golden", form="wine_bottle", product="wine", neck=0.36, clear=0.05, cap=("crimson", "black", "golden"), cap_height=0.04, shoulder=0.6, label_z=0.27),
}

_CUP = vessels.cup
VESSELS: dict[str, Entry] = {
    "blender_jug": _e(vessels.jug, 0.110, 0.110, 0.190, "glass", form="tumbler", clear=True, dark_ear=True, base=True),
    "bowl": _e(vessels.bowl, 0.165, 0.165, 0.068, "white blue terracotta teal ivory gray", form=("bowl", "bowl_deep", "bowl_straight", "bowl_ribbed")),
    "coffee_cup": _e(vessels.coffee_cup, 0.084, 0.084, 0.115, "white"),
    "colander": _e(cookware.strainer, 0.190, 0.190, 0.085, "steel white red mint", handle="ears"),
    "cup": _e(_CUP, 0.078, 0.078, 0.090, "white blue red mint yellow gray", form=("cup", "tumbler", "teacup"), foot=0.72, band=True),
    "glass_cup": _e(_CUP, 0.076, 0.076, 0.115, "glass water mint", form=("tumbler", "tumbler_facet"), foot=0.86, clear=True),
    "jar": _e(vessels.jar, 0.100, 0.100, 0.130, "glass"),
    "jug": _e(vessels.jug, 0.115, 0.115, 0.175, "white blue terracotta ivory", form="pitcher"),
    "jug_wide_opening": _e(vessels.jug, 0.115, 0.115, 0.165, "white mint ivory", form=("tumbler", "pitcher")),
    "kettle_non_electric": _e(cookware.kettle, 0.175, 0.130, 0.160, "steel red black teal", form="kettle_body", handle="bail"),
    "measuring_cup": _e(vessels.measuring_cup, 0.072, 0.072, 0.052, "glass"),
    "mug": _e(_CUP, 0.082, 0.082, 0.092, "blue white red yellow black teal", form=("mug", "barrel_mug"), foot=0.93, handle=True, band=True),
    "pan": _e(cookware.pan, 0.195, 0.195, 0.042, "black dark steel copper", form="pan"),
    "pitcher": _e(vessels.jug, 0.115, 0.115, 0.185, "glass sky white", form="pitcher", clear=True),
    "plate": _e(vessels.plate, 0.225, 0.225, 0.024, "white ivory blue mint terracotta gray", form=("plate", "plate_coupe")),
    "pot": _e(cookware.pot, 0.200, 0.200, 0.120, "steel red black navy", form="pot"),
    "saucepan": _e(cookware.pan, 0.165, 0.165, 0.085, "steel copper black red", form="pot", lid=True),
    "strainer": _e(cookware.strainer, 0.150, 0.150, 0.070, "steel chrome", handle="long"),
    "teapot": _e(cookware.kettle, 0.170, 0.118, 0.125, "white blue terracotta mint", form="teapot_body", handle="ear"),
    "wine_glass": _e(vessels.wine_glass, 0.076, 0.076, 0.185, "glass water"),
}
VESSELS["saucepan_with_lid"] = VESSELS["saucepan"]

BOARDS: dict[str, Entry] = {
    "baking_sheet": _e(boards.tray, 0.290, 0.195, 0.024, "steel dark gray"),
    "basket": _e(boards.basket, 0.280, 0.200, 0.095, "tan golden dark_wood white"),
    "cutting_board": _e(boards.board, 0.330, 0.230, 0.018, "wood pale_wood dark_wood white green"),
    "digital_scale": _e(boards.scale, 0.165, 0.120, 0.030, "white black steel"),
    "ice_cube_tray": _e(boards.ice_tray, 0.225, 0.095, 0.034, "blue white sky mint"),
    "oven_tray": _e(boards.tray, 0.290, 0.195, 0.026, "dark steel black"),
    "placemat": _e(boards.placemat, 0.380, 0.280, 0.006, "tan navy terracotta mint gray"),
    "tray": _e(boards.tray, 0.255, 0.185, 0.030, "wood white dark_wood teal", grips=True),
    "tupperware": _e(boards.food_box, 0.175, 0.125, 0.062, "blue red mint white"),
}

UTENSILS: dict[str, Entry] = {
    "bottle_opener": _e(utensils.opener, 0.034, 0.130, 0.013, "black wood red steel", kind="bottle"),
    "can_opener": _e(utensils.opener, 0.046, 0.150, 0.024, "black red white", kind="can"),
    "cheese_grater": _e(utensils.grater, 0.090, 0.066, 0.180, "steel chrome"),
    "dish_brush": _e(utensils.brush, 0.046, 0.175, 0.036, "blue white green wood"),
    "fork": _e(utensils.fork, 0.026, 0.155, 0.014, "steel chrome", mixed=True),
    "kebab_skewer": _e(utensils.skewer, 0.190, 0.030, 0.028, "cooked", pieces=6),
    "kebabs": _e(utensils.skewer, 0.170, 0.040, 0.034, "cooked", pieces=4),
    "knife": _e(utensils.knife, 0.028, 0.170, 0.014, "black steel wood red", mixed=True),
    "ladle": _e(utensils.ladle, 0.056, 0.195, 0.034, "steel black"),
    "lollipop": _e(utensils.lollipop, 0.034, 0.115, 0.013, "red hot_pink orange green"),
    "peeler": _e(utensils.peeler, 0.044, 0.135, 0.015, "black green red steel"),
    "pizza_cutter": _e(utensils.pizza_cutter, 0.062, 0.175, 0.018, "black red wood"),
    "reamer": _e(utensils.reamer, 0.115, 0.115, 0.062, "yellow white green orange"),
    "rolling_pin": _e(utensils.rolling_pin, 0.250, 0.046, 0.046, "pale_wood wood"),
    "scissors": _e(utensils.scissors, 0.066, 0.155, 0.015, "black red blue orange"),
    "skewers": _e(utensils.skewer, 0.180, 0.034, 0.030, "cooked", pieces=5),
    "spatula": _e(utensils.spatula, 0.058, 0.195, 0.016, "black steel teal red", mixed=True),
    "spoon": _e(utensils.spoon, 0.032, 0.150, 0.014, "steel chrome", mixed=True),
    "straw": _e(utensils.straw, 0.009, 0.110, 0.009, "red blue green hot_pink"),
    "tongs": _e(utensils.tongs, 0.052, 0.190, 0.022, "steel"),
    "whisk": _e(utensils.whisk, 0.044, 0.190, 0.044, "steel", mixed=True),
    "wooden_spoon": _e(utensils.spoon, 0.042, 0.195, 0.020, "wood pale_wood dark_wood", slot=True),
}

_D, _C = baked.dough, baked.cube
BAKED: dict[str, Entry] = {
    "bagel": _e(baked.ring_cake, 0.088, 0.088, 0.033, "golden crust", seeds=True),
    "baguette": _e(baked.long_bread, 0.250, 0.058, 0.048, "crust golden", form=("baguette", "baguette_scored"), cuts=True),
    "bread": _e(baked.loaf, 0.130, 0.076, 0.058, "crust golden brown"),
    "bread_flat": _e(baked.loaf, 0.122, 0.080, 0.026, "golden tan", flat=True),
    "burrito": _e(baked.long_bread, 0.145, 0.052, 0.046, "crumb golden", form="cucumber", wrap=True),
    "cake": _e(baked.cake, 0.075, 0.075, 0.056, "chocolate golden pink"),
    "candy": _e(baked.candy, 0.046, 0.024, 0.024, "red green yellow purple orange"),
    "cheese": _e(_C, 0.085, 0.062, 0.044, "yellow golden pale_yellow", form=("cheese_wedge", "box"), holes=True),
    "cookie_dough_ball": _e(_D, 0.042, 0.042, 0.038, "golden tan", form="ball", dots="chocolate", ball=True),
    "croissant": _e(baked.croissant, 0.120, 0.070, 0.046, "golden crust"),
    "cupcake": _e(baked.cupcake, 0.066, 0.066, 0.068, "hot_pink cream chocolate mint"),
    "donut": _e(baked.ring_cake, 0.086, 0.086, 0.033, "golden", glaze=("hot_pink", "chocolate", "white", "sky")),
    "dumpling": _e(_D, 0.058, 0.044, 0.036, "cream ivory", form="garlic", oblong=True),
    "hamburger": _e(baked.burger, 0.078, 0.078, 0.060, "golden crust"),
    "hot_dog": _e(baked.long_bread, 0.145, 0.056, 0.046, "golden", filling=("terracotta", "meat")),
    "hotdog_bun": _e(baked.long_bread, 0.140, 0.056, 0.044, "golden crust", form="baguette", split=True),
    "ice_cube": _e(_C, 0.028, 0.028, 0.026, "water sky", form="rounded", clear=0.45),
    "marshmallow": _e(_D, 0.034, 0.034, 0.036, "white pink", form="drum"),
    "pancake": _e(baked.waffle, 0.115, 0.115, 0.018, "golden tan", kind="pancake"),
    "pizza": _e(baked.pizza, 0.220, 0.220, 0.020, "crust golden"),
    "sandwich_bread": _e(baked.slice_bread, 0.100, 0.100, 0.021, "crust brown"),
    "scone": _e(_D, 0.066, 0.066, 0.050, "golden crust", form="dome", dots=("purple", "chocolate")),
    "bar_soap": _e(_C, 0.082, 0.054, 0.028, "pink white mint lavender", form="rounded"),
    "sponge": _e(_C, 0.092, 0.058, 0.032, "yellow sky hot_pink", layer=("green", "navy", "leaf")),
    "sugar_cube": _e(_C, 0.024, 0.024, 0.023, "white"),
    "sushi": _e(_D, 0.044, 0.044, 0.036, "white", form="drum", band="black", top=("salmon", "leaf", "orange")),
    "tacos": _e(baked.taco, 0.110, 0.052, 0.062, "golden yellow"),
    "tofu": _e(_C, 0.078, 0.058, 0.042, "ivory white", form="box"),
    "waffle": _e(baked.waffle, 0.115, 0.115, 0.019, "golden crust", kind="waffle"),
}

MEAT: dict[str, Entry] = {
    "bacon": _e(meat.bacon, 0.150, 0.036, 0.012, "meat terracotta"),
    "chicken_breast": _e(meat.cutlet, 0.118, 0.074, 0.030, "raw pink golden", form="chop"),
    "chicken_drumstick": _e(meat.drumstick, 0.118, 0.056, 0.050, "crust raw cooked"),
    "egg": _e(_O, 0.058, 0.044, 0.044, "cream white tan", form="egg_lying"),
    "fish": _e(meat.fish, 0.180, 0.072, 0.034, "silver_fish salmon sky gray"),
    "ham": _e(meat.roast, 0.150, 0.105, 0.088, "pink cooked"),
    "lamb_chop": _e(meat.cutlet, 0.095, 0.068, 0.026, "meat crimson", form="chop", fat="fat", bone=True),
    "lobster": _e(meat.lobster, 0.180, 0.076, 0.040, "red terracotta"),
    "pork_chop": _e(meat.cutlet, 0.118, 0.074, 0.026, "raw pink", form="steak", fat="fat"),
    "pork_loin": _e(meat.roast, 0.135, 0.072, 0.062, "raw pink", string=True),
    "salami": _e(meat.sausage, 0.135, 0.046, 0.046, "crimson meat", cut="pink"),
    "sausage": _e(meat.sausage, 0.130, 0.034, 0.034, "terracotta cooked meat"),
    "scallops": _e(_D, 0.044, 0.044, 0.026, "ivory cream", form="drum"),
    "shrimp": _e(meat.shrimp, 0.072, 0.056, 0.024, "salmon raw gray"),
    "steak": _e(meat.cutlet, 0.120, 0.074, 0.026, "meat crimson cooked", form="steak", fat="fat", marble=True),
    "turkey_slice": _e(produce.slice_round, 0.07, 0.07, 0.010, "cooked crust", inside="fat"),
}

ACCESSORIES: dict[str, Entry] = {
    "candle": _e(acc.candle, 0.074, 0.074, 0.105, "cream white lavender crimson mint"),
    "dish_rack": _e(acc.dish_rack, 0.400, 0.300, 0.160, "steel"),
    "flower_vase": _e(acc.vase, 0.150, 0.150, 0.360, "white"),
    "fruit_bowl": _e(acc.fruit_bowl, 0.270, 0.270, 0.150, "wood"),
    "knife_block": _e(acc.knife_block, 0.115, 0.155, 0.230, "wood"),
    "paper_towel_holder": _e(acc.paper_towel, 0.112, 0.112, 0.300, "dark"),
    "plant": _e(acc.plant, 0.195, 0.195, 0.260, "leaf"),
    "stool": _e(acc.stool, 0.400, 0.400, 0.930, "dark"),
    "tiered_basket": _e(acc.tiered_basket, 0.280, 0.280, 0.320, "dark"),
    "utensil_rack": _e(acc.utensil_rack, 0.480, 0.060, 0.310, "wood"),
    "utensil_set": _e(acc.utensil_set, 0.125, 0.125, 0.310, "tan"),
}

CATALOGUE: dict[str, Entry] = {
    **PRODUCE, **PACKAGES, **BOTTLES, **VESSELS, **BOARDS, **UTENSILS, **BAKED, **MEAT,
    **ACCESSORIES,
}  # fmt: skip

POT_LID = _e(cookware.lid, 0.165, 0.165, 0.030, "steel copper dark", glass=True)
JAR_LID = _e(cookware.lid, 0.100, 0.100, 0.028, "wood steel dark_wood ivory")
