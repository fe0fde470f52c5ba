"use strict";
// Everything from outside reaches the page as text: only textContent and attributes that hold no code
// are ever set, and only by these functions.
const SVG = "http://www.w3.org/2000/svg";

function make(name, attributes, ...children) {
  return fill(document.createElement(name), attributes, children);
}

function draw(name, attributes, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

function fill(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value !== null && value !== undefined) element.setAttribute(key, value);
  }
  for (const child of children.flat()) {
    if (child !== null && child !== undefined) {
      element.append(child instanceof Node ? child : document.createTextNode(String(child)));
    }
  }
  return element;
}

function byId(id) { return document.getElementById(id); }

function read(id) { return JSON.parse(byId(id).textContent); }

const DATA = read("data");
const ROWS = DATA.rows.map((row, place) => ({ ...row, place }));
const HZ = DATA.hz;

const RESULTS = {
  success: ["✓ success", "good"],
  missed: ["✓ success, not declared", "good"],
  failed: ["✗ failed", "bad"],
  false_completion: ["✗ failed, declared done", "bad"],
  error: ["! error", "broken"],
  infrastructure_error: ["! infrastructure error", "broken"],
};

const OUTCOMES = { done: "declared done", ran_out: "ran out", cut: "cut off by the end" };
const REMEDIES = {
  retried: "tried again", replanned: "planned anew", skipped: "skipped", gave_up: "gave up",
};

function seconds(step) { return (step / HZ).toFixed(step < 200 * HZ ? 1 : 0) + " s"; }

function count(n, word) { return `${n} ${word}${n === 1 ? "" : "s"}`; }

function shorten(text, most) {
  const letters = Array.from(text);
  return letters.length <= most ? text : letters.slice(0, Math.max(0, most - 1)).join("") + "…";
}
