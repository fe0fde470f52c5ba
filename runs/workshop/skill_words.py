"""How people ask for what the policy knows: not in commands alone, and not in RoboCasa's words.

Each table has words to train on and others that are kept for tests.
"""

from collections.abc import Mapping, Sequence

from .wording import Words

Table = Mapping[Words, Sequence[str]]

SAID: Mapping[str, Table] = {
    "turn_on": {
        "train": ("{} should be on", "I want {} on", "get {} going", "{} needs to be switched on",
                  "make sure {} is on", "set {} going"),
        "held_out": ("get {} running", "{} has to be on"),
    },
    "turn_off": {
        "train": ("{} should be off", "I want {} off", "make sure {} is off", "kill {}",
                  "{} needs to be switched off"),
        "held_out": ("{} has to be off", "see to it that {} is off"),
    },
    "open": {
        "train": ("{} should be open", "I want {} open", "make sure {} is open",
                  "{} needs to be opened", "get {} open"),
        "held_out": ("{} has to be open", "leave {} standing open"),
    },
    "close": {
        "train": ("{} should be closed", "I want {} closed", "make sure {} is closed",
                  "{} has to be shut", "get {} closed"),
        "held_out": ("{} should be shut", "see to it that {} is closed"),
    },
    "pull_out": {
        "train": ("{} should be out", "I want {} out", "draw {} out", "{} needs to be pulled out",
                  "get {} out"),
        "held_out": ("have {} pulled out", "{} has to be out"),
    },
    "push_in": {
        "train": ("{} should be in", "I want {} in", "get {} back in", "{} needs to go in",
                  "shove {} back in"),
        "held_out": ("put {} back in", "{} has to be in"),
    },
    "turn": {"train": (), "held_out": ()},
    "sweep": {
        "train": ("rinse the whole basin", "rinse every side of the sink basin",
                  "let the water reach every corner of the basin", "wash all of the sink basin",
                  "move {} all around the basin", "rinse out the basin with {}"),
        "held_out": ("rinse the basin all over", "let {} go over all of the basin"),
    },
    "rotate": {
        "train": ("give {} a turn", "{} should be turned a bit", "turn {} a little",
                  "{} needs to be rotated", "twist {} a bit"),
        "held_out": ("give {} a spin", "{} has to be turned"),
    },
    "wait": {
        "train": ("let the sauce simmer until it is done", "wait for the sauce to simmer",
                  "let the marinara sauce get deep red", "leave the sauce until it has simmered",
                  "wait until the sauce is deep red"),
        "held_out": ("give the sauce time to simmer", "let the sauce cook until it is red"),
    },
    "pick_up": {
        "train": ("get {}", "fetch {}", "get hold of {}", "reach for {}", "collect {}"),
        "held_out": ("grasp {}", "pick {} up"),
    },
    "place": {
        "train": ("set it down in {}", "leave the jug in {}", "drop the jug off in {}",
                  "the jug belongs in {}", "set the blender jug in {}"),
        "held_out": ("lay the jug in {}", "deposit the blender jug in {}"),
    },
    "drive_to": {
        "train": ("head to {}", "move over to {}", "get to {}", "head over to {}", "roll to {}",
                  "move to {}", "you should be at {}", "come to {}"),
        "held_out": ("make your way to {}", "proceed to {}", "approach {}"),
    },
}  # fmt: skip
"""Verb -> ways besides commands (`runs.policy.wordings`) to ask for it."""

FULLY: Table = {"train": ("all the way", "fully"), "held_out": ("completely",)}
"""Behind words for half of a rack's way."""

TOGETHER: Mapping[tuple[str, str], Table] = {
    ("close kettle_lid", "turn_on kettle"): {
        "train": ("{}, then switch it on", "{} and turn it on", "{} and start it",
                  "{} and get it going", "{}, then get it boiling", "{} and have it boil",
                  "start the electric kettle, but close its lid first",
                  "get the kettle going with its lid closed",
                  "the kettle should be on and its lid closed",
                  "boil water in the kettle, its lid has to be shut first",
                  "turn the kettle on once its lid is shut"),
        "held_out": ("{} and get it to boil", "{}, after that power it on",
                     "have the kettle boil, with the lid shut before",
                     "the kettle should boil with its lid closed"),
    },
    ("open dishwasher_door", "pull_out dishwasher_rack"): {
        "train": ("{} and pull out its top rack", "{}, then slide its upper rack out",
                  "{} and draw out the top rack", "{} and get the upper rack out",
                  "get the dishwasher ready for loading: door open, top rack out",
                  "I want to load the dishwasher: open it and slide the upper rack out",
                  "the dishwasher should be open with its top rack out",
                  "prepare the dishwasher, with its door open and the upper rack pulled out"),
        "held_out": ("{} and have its upper rack out", "{}, and the top rack should come out",
                     "make the dishwasher ready, door open and upper rack out",
                     "the top rack of the dishwasher should be out and the door open"),
    },
    ("turn_on faucet", "sweep spout"): {
        "train": ("{} and rinse the whole basin with it", "{}, then rinse all of the basin",
                  "{} and move the spout around the basin", "{} and wash the whole basin",
                  "rinse out the sink basin", "give the sink basin a rinse",
                  "rinse the sink from all sides with running water",
                  "run the water and move the spout over the whole basin"),
        "held_out": ("{} and let the spout go around the basin", "clean the sink basin with water",
                     "the sink basin needs a rinse on all sides"),
    },
    ("wait stove", "turn_off burner"): {
        "train": ("{}, then turn it off", "{} and shut off the heat", "{}, then kill the heat",
                  "{} and switch the burner off", "once the sauce has simmered, turn off the stove",
                  "turn off the stove when the sauce is deep red",
                  "when the sauce is done, the stove should be off"),
        "held_out": ("{}, after that the stove has to be off",
                     "as soon as the marinara sauce is deep red, switch the stove off",
                     "shut the stove off once the sauce is done"),
    },
    ("pick_up jug", "place sink"): {
        "train": ("{} and put it in the sink", "{}, then set it in the sink",
                  "{} and leave it in the sink to be washed", "bring the blender jug to the sink",
                  "carry the jug to the sink", "the blender jug belongs in the sink",
                  "put the blender jug into the sink for cleaning", "move the jug to the sink",
                  "{} and bring it to the sink"),
        "held_out": ("{} and lay it in the sink", "the dirty blender jug has to go to the sink",
                     "transport the blender jug into the sink"),
    },
}  # fmt: skip
"""Kinds of two skills that make a task -> ways to ask for both; `{}` is a command for the first."""

LINKS: Table = {
    "train": (", then {}", " and then {}", ". Then {}", ". After that, {}", " and {}", ", and {}",
              ". Next, {}", ". {}", "; {}", ". When you are done, {}", ", next {}",
              ", and after that {}", ". Then, {}", ", and then {}", ". Also {}", " and also {}",
              ". As soon as that is done, {}"),
    "held_out": (", afterwards {}", ". Once that is done, {}"),
}  # fmt: skip
TURNED: Table = {
    "train": ("before you {b}, {a}", "{b}, but {a} first", "{b}, but first {a}",
              "first {a}, only then {b}", "{b}. Before that, {a}", "start with this: {a}. Then {b}",
              "in the end {b}, but to start with, {a}", "{b} after this: {a}"),
    "held_out": ("{b}, but before that {a}", "to begin with {a}, and in the end {b}"),
}  # fmt: skip
"""Two commands of which the later one may be said first."""
FRAMES: Table = {
    "train": ("please {}", "could you {}?", "can you {}", "I want you to {}", "I need you to {}",
              "your job is to {}", "it is time to {}", "go ahead and {}", "hey, {}", "{}, please",
              "would you {}?", "robot, {}", "I would like you to {}", "now {}", "we should {}",
              "let me see you {}", "you have to {}", "try to {}", "just {}", "do {}",
              "make sure to {}", "it would be nice to {}", "next, {}", "why not {}?",
              "somebody has to {}", "be quick and {}", "first of all, {}"),
    "held_out": ("kindly {}", "you should {}", "be so kind and {}", "you need to {}",
                 "let us {}"),
}  # fmt: skip
"""Around a command."""
BEFORE: Table = {
    "train": ("Dinner is nearly ready. ", "I am in a hurry. ", "We are done here. ",
              "The kitchen is a mess. ", "Guests are coming. ", "I am hungry. ", "Listen. ",
              "Well, ", "My hands are wet. ", "There is something left to do. ",
              "We are cooking today. ", "It is early. ", "I am busy. ",
              "This is what I want: ", "All right, "),
    "held_out": ("It is late. ", "I have my hands full. "),
}  # fmt: skip
BEHIND: Table = {
    "train": (" for me", " right away", " before dinner", ". That is all", ". Thanks", " again",
              ", it is important", " so that I can go on", " now", ". I will be back soon",
              " if you can", ", will you", ". Thank you", " quickly", " as fast as possible",
              ". I would be glad", " and be careful"),
    "held_out": (" as soon as you can", ". Thank you very much"),
}  # fmt: skip
