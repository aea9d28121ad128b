/* Masks painted from blocks: one in each <figure class="mask-blocks" data-content="{...}">. Plain script, nothing fetched. */
(() => {
"use strict";
if (window.maskBlocks) return; // a live notebook may load it twice

function el(tag, className, ...children) {
	const node = document.createElement(tag);
	node.className = className;
	node.append(...children);
	return node;
}
const bytes = (text) => Int8Array.from(atob(text), (letter) => letter.charCodeAt(0));

/** Where the gains of a setting begin: they lie setting by setting, each as long as its number of blocks. */
function offset({ widths, numbers, firstGains }, [h, w, n, g]) {
	const before = (count) => firstGains.length * numbers.slice(0, count).reduce((sum, number) => sum + number, 0);
	return (h * widths.length + w) * before(numbers.length) + before(n) + g * numbers[n];
}

/** A mask [bin, frame] in dB, flat: where blocks overlap, their gains add. */
function painted(content, gains, setting) {
	const { bins, frames, middles, step } = content;
	const height = content.heights[setting[0]], width = content.widths[setting[1]], start = offset(content, setting);
	const mask = new Float32Array(bins * frames);
	for (let block = 0; block < content.numbers[setting[2]]; block++) {
		const low = middles[2 * block] - (height >> 1), left = middles[2 * block + 1] - (width >> 1);
		const gain = step * gains[start + block], end = Math.min(frames, left + width);
		for (let row = Math.max(0, low); row < Math.min(bins, low + height); row++)
			for (let column = Math.max(0, left); column < end; column++) mask[row * frames + column] += gain;
	}
	return mask;
}

/** Means over `window` places of lines of `length` values, `stride` apart; at the edges over what there is. */
function averaged(mask, starts, length, stride, window) {
	const out = new Float32Array(mask.length), half = window >> 1, sums = new Float64Array(length + 1);
	for (const start of starts) {
		for (let k = 0; k < length; k++) sums[k + 1] = sums[k] + mask[start + k * stride];
		for (let k = 0; k < length; k++) {
			const from = Math.max(0, k - half), to = Math.min(length, k + half + 1);
			out[start + k * stride] = (sums[to] - sums[from]) / (to - from);
		}
	}
	return out;
}
function smoothed(mask, { bins, frames, window }) {
	const rows = Array.from({ length: bins }, (_, row) => row * frames);
	const columns = Array.from({ length: frames }, (_, column) => column);
	return averaged(averaged(mask, rows, frames, 1, window), columns, bins, frames, window);
}

/** Root mean square, and mean absolute step between neighbours over both axes; dB. */
function measured(mask, { bins, frames }) {
	let square = 0, up = 0, along = 0;
	for (let row = 0; row < bins; row++)
		for (let column = 0; column < frames; column++) {
			const at = row * frames + column;
			square += mask[at] ** 2;
			if (row) up += Math.abs(mask[at] - mask[at - frames]);
			if (column) along += Math.abs(mask[at] - mask[at - 1]);
		}
	return {
		size: Math.sqrt(square / mask.length),
		roughness: (up / ((bins - 1) * frames) + along / (bins * (frames - 1))) / 2,
	};
}

const SHADES = 1020; // steps from one end of the colours to the other
/** The colours of the steps, [step, red green blue opacity], between those that are given. */
function table({ colours }) {
	const shades = new Uint8ClampedArray(4 * (SHADES + 1));
	for (let k = 0; k <= SHADES; k++) {
		const at = (k / SHADES) * (colours.length - 1), low = Math.min(colours.length - 2, Math.floor(at));
		const shade = colours[low].map((value, part) => value + (at - low) * (colours[low + 1][part] - value));
		shades.set([...shade, 255], 4 * k);
	}
	return new Uint32Array(shades.buffer); // one number a colour
}
function draw(canvas, mask, shades, { bins, frames, limit }) {
	const context = canvas.getContext("2d"), image = context.createImageData(frames, bins);
	const cells = new Uint32Array(image.data.buffer);
	for (let row = 0; row < bins; row++)
		for (let column = 0; column < frames; column++) {
			const share = (mask[row * frames + column] / limit + 1) / 2;
			cells[(bins - 1 - row) * frames + column] = shades[Math.round(SHADES * Math.min(1, Math.max(0, share)))];
		}
	context.putImageData(image, 0, 0);
}

let controls = 0;
/** A control with its name and its value in words. */
function control(name, input, value = null) {
	input.id = `mask-${controls++}`;
	const label = el("label", "", name);
	label.htmlFor = input.id;
	return value ? el("div", "", label, input, value) : el("div", "mask-wide", label, input);
}
/** A slider over the places of a list. */
function slider(name, values, first, words) {
	const input = el("input", ""), value = el("span", "");
	Object.assign(input, { type: "range", min: 0, max: values.length - 1, step: 1, value: first });
	value.ariaHidden = "true";
	const tell = () => {
		value.textContent = words(values[input.value]);
		input.setAttribute("aria-valuetext", value.textContent);
	};
	tell();
	input.addEventListener("input", tell);
	return { input, node: control(name, input, value) };
}

function key({ limit, colours }) {
	const bar = el("i", ""), stops = colours.map((parts) => `rgb(${parts})`);
	bar.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
	return el("p", "mask-key", `−${limit} dB`, bar, `+${limit} dB`);
}

function figureOf(figure) {
	const content = JSON.parse(figure.dataset.content), { bins, frames, top, seconds, first } = content;
	const gains = content.clips.map((clip) => bytes(clip.gains));
	const shades = table(content), hertz = top / (bins - 1), hop = seconds / (frames - 1);
	const clip = el("select", "", ...content.clips.map(({ title }) => new Option(title)));
	const smooth = Object.assign(el("input", ""), { type: "checkbox", checked: true });
	const sliders = [
		slider("Height", content.heights, first[0], (n) => `${n} bins, ${(n * hertz).toFixed(0)} Hz`),
		slider("Width", content.widths, first[1], (n) => `${n} frames, ${(n * hop).toFixed(2)} s`),
		slider("Number", content.numbers, first[2], (n) => `${n} blocks`),
		slider("First gain", content.firstGains, first[3], (n) => `${n} dB`),
	];
	const told = el("output", "mask-told");
	const canvas = Object.assign(el("canvas", ""), { width: frames, height: bins });
	canvas.setAttribute("role", "img");
	const show = () => {
		const setting = sliders.map(({ input }) => Number(input.value)), chosen = content.clips[clip.selectedIndex];
		const raw = painted(content, gains[clip.selectedIndex], setting);
		const mask = smooth.checked ? smoothed(raw, content) : raw, { size, roughness } = measured(mask, content);
		draw(canvas, mask, shades, content);
		const grid = [content.heights, content.widths, content.numbers, content.firstGains];
		const at = setting.reduce((index, place, axis) => index * grid[axis].length + place, 0);
		const after = chosen[smooth.checked ? "smoothed" : "raw"][at];
		told.textContent = `Score ${chosen.before.toFixed(2)} before, ${after.toFixed(2)} with this mask ` +
			`(0: ${content.classes[0]}, 1: ${content.classes[1]}). Size ${size.toFixed(1)} dB, roughness ${roughness.toFixed(2)} dB.`;
		canvas.ariaLabel = `${smooth.checked ? "Smoothed mask" : "Mask before smoothing"} of ${chosen.title}: ` +
			`${content.numbers[setting[2]]} blocks of ${content.heights[setting[0]]} bins and ${content.widths[setting[1]]} frames.`;
	};
	for (const input of [clip, smooth, ...sliders.map((each) => each.input)]) input.addEventListener("input", show);
	for (const old of figure.querySelectorAll(".mask-static, .mask-live")) old.remove();
	figure.querySelector(".sound-plot").replaceChildren(canvas);
	const all = el("div", "mask-controls", control("Clip", clip), control("Smoothed", smooth), ...sliders.map((each) => each.node));
	figure.append(el("div", "mask-live", key(content), told, all));
	show();
}

function start(root) {
	for (const figure of root.querySelectorAll("figure.mask-blocks:not([data-started])")) {
		figure.dataset.started = "";
		figureOf(figure);
	}
}
window.maskBlocks = start;
start(document);
// A live notebook brings its outputs one by one.
new MutationObserver(() => start(document)).observe(document.body ?? document.documentElement, { childList: true, subtree: true });
})();
