/* Spectra frame by frame: one in each <figure class="frame-walker" data-frames="{...}">. Plain script, nothing fetched. */
(() => {
"use strict";
if (window.frameWalkers) return; // a live notebook may load it twice

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 340, HEIGHT = 170, LEFT = 34, BOTTOM = 24, TOP = 6; // of a panel, in its own units
const DECIBELS = 20, KILOHERTZ = 2; // between lines of the grid

function el(tag, className, ...children) {
	const node = document.createElement(tag);
	node.className = className;
	node.append(...children);
	return node;
}
function drawn(tag, attributes, text = "") {
	const node = document.createElementNS(SVG, tag);
	for (const name in attributes) node.setAttribute(name, attributes[name]);
	node.textContent = text;
	return node;
}

/** Levels of frames, of texts with a character a line. */
const unpacked = ({ low, high, alphabet }, frames) => {
	const levels = new Map(Array.from(alphabet, (letter, step) => [letter, low + (step * (high - low)) / (alphabet.length - 1)]));
	return frames.map((text) => Array.from(text, (letter) => levels.get(letter)));
};

/** Where levels and frequencies lie in a panel. */
function scale({ low, high, top }, lines) {
	const x = (share) => LEFT + share * (WIDTH - LEFT);
	const y = (level) => TOP + ((high - level) / (high - low)) * (HEIGHT - TOP - BOTTOM);
	const point = (level, line) => `${x(line / (lines - 1)).toFixed(1)},${y(level).toFixed(1)}`;
	return { x, y, curve: (levels) => `M${levels.map(point).join("L")}`, point, kilohertz: top / 1000 };
}

/** Grid, ticks and units of a panel. */
function axes(svg, content, { x, y, kilohertz }) {
	const marks = [];
	for (let level = Math.ceil(content.low / DECIBELS) * DECIBELS; level <= content.high; level += DECIBELS) {
		marks.push(`M${LEFT},${y(level)}H${WIDTH}`);
		svg.append(drawn("text", { x: LEFT - 5, y: y(level) + 4, "text-anchor": "end" }, String(level).replace("-", "−")));
	}
	for (let at = 0; at <= kilohertz; at += KILOHERTZ) {
		marks.push(`M${x(at / kilohertz)},${TOP}V${HEIGHT - BOTTOM}`);
		const last = at + KILOHERTZ > kilohertz;
		svg.append(drawn("text", { x: x(at / kilohertz), y: HEIGHT - 8, "text-anchor": last ? "end" : "middle" }, last ? `${at} kHz` : at));
	}
	svg.append(drawn("text", { x: LEFT + 5, y: TOP + 10 }, "dB SPL"));
	svg.prepend(drawn("path", { class: "frame-grid", d: marks.join("") }));
}

/** One condition: returns what draws a frame and tells the per cent of lines above the threshold. */
function panel(content, { name, role, noise, above: shares }) {
	const lines = content.threshold[0].length, place = scale(content, lines);
	const svg = drawn("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true" });
	axes(svg, content, place);
	const path = (kind) => svg.appendChild(drawn("path", { class: `frame-${kind}` }));
	const [above, spectrum, threshold, error] = ["above", "spectrum", "threshold", "noise"].map(path);
	const told = el("span", ""), node = el("div", "frame-panel", el("p", "frame-name", `${name} `, told), svg);
	node.dataset.role = role;
	return {
		name, node,
		show(k) {
			const limit = content.threshold[k], levels = noise[k];
			const over = levels.map((level, line) => Math.max(level, limit[line]));
			spectrum.setAttribute("d", place.curve(content.spectrum[k]));
			threshold.setAttribute("d", place.curve(limit));
			error.setAttribute("d", place.curve(levels));
			const back = limit.map((level, line) => place.point(level, line)).reverse();
			above.setAttribute("d", `${place.curve(over)}L${back.join("L")}Z`);
			told.textContent = `${shares[k]} % above`;
			return shares[k];
		},
	};
}

function walker(figure) {
	const content = JSON.parse(figure.dataset.frames), count = content.threshold.length;
	for (const kind of ["threshold", "spectrum"]) content[kind] = unpacked(content, content[kind]);
	for (const each of content.panels) each.noise = unpacked(content, each.noise);
	const panels = content.panels.map((each) => panel(content, each));
	const slider = el("input", ""), output = el("output", ""), label = el("label", "", "Frame");
	Object.assign(slider, { type: "range", min: 0, max: count - 1, step: 1, value: content.first, id: `frame-${walkers++}` });
	label.htmlFor = slider.id;
	output.htmlFor = slider.id;
	const show = () => {
		const k = Number(slider.value), seconds = content.seconds[k].toFixed(2);
		const shares = panels.map((each) => `${each.name} ${each.show(k)} %`);
		output.textContent = `${k + 1} of ${count}, at ${seconds} s`;
		slider.setAttribute("aria-valuetext", `${k + 1} of ${count}, at ${seconds} seconds; noise above the threshold: ${shares.join(", ")}`);
	};
	slider.addEventListener("input", show);
	for (const old of figure.querySelectorAll(".frame-static, .frame-live")) old.remove();
	const all = el("div", "frame-panels", ...panels.map((each) => each.node));
	figure.append(el("div", "frame-live", el("div", "frame-controls", label, slider, output), all));
	show();
}

let walkers = 0;
function start(root) {
	for (const figure of root.querySelectorAll("figure.frame-walker:not([data-started])")) {
		figure.dataset.started = "";
		walker(figure);
	}
}
window.frameWalkers = start;
start(document);
// A live notebook brings its outputs one by one.
new MutationObserver(() => start(document)).observe(document.body ?? document.documentElement, { childList: true, subtree: true });
})();
