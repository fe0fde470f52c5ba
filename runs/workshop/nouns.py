"""Things and places that made-up instructions speak of: RoboCasa's own names for both."""

from collections.abc import Mapping

_ITEMS = """
apple apricot artichoke asparagus avocado bacon bagel baguette banana bar_soap beer beet bell_pepper
bottle_opener bottled_drink bottled_water boxed_drink boxed_food bread broccoli brussel_sprout
burrito butter_stick cabbage cake can can_opener candle candy canned_food canola_oil cantaloupe
carrot cauliflower celery cereal cheese cheese_grater cherry chicken_breast chicken_drumstick
chili_pepper chocolate cinnamon coconut condiment condiment_bottle cookie corn cream_cheese_stick
croissant cucumber cupcake dessert digital_scale dish_brush donut drink dumpling egg eggplant fish
flour_bag food fork fruit garlic ginger ham hamburger honey_bottle hot_dog hotdog_bun ice_cream
ice_cube ingredient jam jello_cup juice kebab_skewer ketchup kiwi knife ladle lamb_chop lemon
lemon_wedge lemonade lettuce lime liquor lobster lollipop mango marshmallow mayonnaise meat milk
mushroom mustard olive_oil_bottle onion orange pancake paprika pastry peach peanut_butter pear
peeler pickle pineapple pizza pizza_cutter placemat pomegranate pork_chop potato radish raspberry
reamer rolling_pin salami salsa sandwich_bread sausage scissors scone shaker shrimp
snack soap_dispenser spatula sponge spoon spray squash steak strainer straw strawberry sugar_cube
sushi sweet sweet_potato syrup_bottle tangerine teapot thermos tofu tomato tongs
turkey_slice turmeric utensil vegetable vinegar waffle walnut water_bottle watermelon whisk wine
wooden_spoon yogurt zucchini
"""
ITEMS: tuple[str, ...] = tuple(name.replace("_", " ") for name in _ITEMS.split())
"""Things that are moved."""
ON: tuple[str, ...] = ("plate", "tray", "cutting board", "oven tray", "baking sheet", "placemat")
"""Things that other things are put on."""
IN: tuple[str, ...] = (
    "bowl", "pan", "pot", "saucepan", "basket", "tupperware", "glass cup", "cup", "mug", "colander",
    "pitcher", "jar", "wine glass", "measuring cup", "strainer", "kettle", "blender jug",
)  # fmt: skip
"""Things that other things are put in."""
STORES: Mapping[str, str] = {
    "cabinet": "Open the cabinet door", "fridge": "Open the fridge door",
    "drawer": "Open the drawer", "freezer": "Open the freezer door",
    "microwave": "Open the microwave door", "oven": "Open the oven door",
    "toaster oven": "Open the toaster oven door", "dishwasher": "Open the dishwasher door",
}  # fmt: skip
"""Fixtures with something to open, and the step that opens them."""
TOPS: tuple[str, ...] = ("counter", "dining counter", "island", "stove", "dish rack")
"""Fixtures that things stand on."""
SPOKEN: Mapping[str, tuple[str, ...]] = {
    "dining counter": ("dining table", "dining counter"),
    "fridge": ("refrigerator", "fridge"),
    "counter": ("countertop", "counter"),
    "stove": ("stovetop", "stove"),
    "cabinet": ("cupboard", "cabinet"),
}
"""Other words for fixtures in instructions; steps use the first name."""
ADJECTIVES: tuple[str, ...] = (
    "small", "large", "clean", "dirty", "fresh", "frozen", "cooked", "empty", "open", "nearby",
    "warm", "cold", "raw", "toasted", "washed", "sliced", "smaller", "larger",
)  # fmt: skip
"""What instructions say of a thing and steps leave out."""


def relation(place: str) -> str:
    """`in` or `on`."""
    return "on" if place in ON or place in TOPS else "in"
