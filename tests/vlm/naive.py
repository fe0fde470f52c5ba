"""The model card's procedure written down plainly, with nothing of leapcasa in it.

One full forward pass per view and label, by transformers' own processor and model. It is what the
product is compared with; it runs by itself so that it can run under another release of
transformers:

    python naive.py CHECKPOINT CASES.npz [ADAPTER]
"""

import json
import sys

import numpy as np
import torch
import transformers
from transformers import AutoProcessor, Qwen3VLForConditionalGeneration
from transformers.video_utils import VideoMetadata

PROMPT = (
    "Instruction: %s\n"
    "Question: At the final moment shown in the video, is the instruction already completed?\n"
    "Answer exactly one label: not complete or complete."
)
LABELS = ("not complete", "complete")


class Naive:
    """`Naive(checkpoint)(clip, instruction)` -> {label: (summed NLL, tokens)}."""

    def __init__(self, checkpoint, adapter=None, *, fps=20.0, outer=False, quantize=False):
        options = {}
        if quantize:
            options["quantization_config"] = transformers.BitsAndBytesConfig(
                load_in_4bit=True,
                bnb_4bit_quant_type="nf4",
                bnb_4bit_use_double_quant=True,
                bnb_4bit_compute_dtype=torch.float32,
            )
            options["device_map"] = {"": "cpu"}
        model = Qwen3VLForConditionalGeneration.from_pretrained(
            checkpoint, dtype=torch.float32, **options
        )
        if adapter is not None:
            from peft import PeftModel

            model = PeftModel.from_pretrained(model, str(adapter), is_trainable=False)
        self.model, self.processor = model.eval(), AutoProcessor.from_pretrained(checkpoint)
        self.fps, self.outer = fps, outer

    def inputs(self, clip, text):
        """What the processor makes of a clip and a whole text; keys as `model(**inputs)` takes."""
        count = len(clip)
        metadata = VideoMetadata(
            total_num_frames=count, fps=self.fps, frames_indices=list(range(count))
        )
        inputs = self.processor(
            text=[text],
            videos=[torch.from_numpy(clip).permute(0, 3, 1, 2)],
            video_metadata=[metadata],
            do_sample_frames=False,
            do_resize=False,
            return_tensors="pt",
        )
        return {key: value for key, value in inputs.items() if key != "video_metadata"}

    def prompt(self, instruction):
        content = [{"type": "video"}, {"type": "text", "text": PROMPT % instruction}]
        text = self.processor.apply_chat_template(
            [{"role": "user", "content": content}], tokenize=False, add_generation_prompt=True
        )
        around = "<|vision_start|><|video_pad|><|vision_end|>"
        assert around in text
        old = transformers.__version__.startswith("4.")
        if self.outer and old:  # 4.57 replaces all of it; give it one more pair to keep
            return text.replace(around, f"<|vision_start|>{around}<|vision_end|>")
        if not self.outer and not old:  # 5.x replaces the pad alone
            return text.replace(around, "<|video_pad|>")
        return text

    @torch.no_grad()
    def __call__(self, clip, instruction):
        prompt = self.prompt(instruction)
        found = {}
        for label in LABELS:
            inputs = self.inputs(clip, prompt + label)
            ids = inputs["input_ids"][0]
            count = len(self.processor.tokenizer(label)["input_ids"])
            logits = self.model(**inputs).logits[0]
            nll = 0.0
            for position in range(len(ids) - count, len(ids)):
                nll -= torch.log_softmax(logits[position - 1].double(), -1)[ids[position]].item()
            found[label] = (nll, count)
        return found


def main():
    checkpoint, cases, *adapter = sys.argv[1:]
    data = np.load(cases, allow_pickle=False)
    answers = {"version": transformers.__version__}
    for outer in (False, True):
        naive = Naive(checkpoint, adapter[0] if adapter else None, outer=outer)
        answers[f"outer={outer}"] = [
            naive(clip, str(text))
            for clip, text in zip(data["clips"], data["instructions"], strict=True)
        ]
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
