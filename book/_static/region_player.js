/* Regions of a sound: one in each <figure class="region-player" data-content="{...}">. Plain script, nothing fetched. */
(() => {
"use strict";
if (window.regionPlayers) return; // a live notebook may load it twice

const FADE = 0.01; // s, at the ends of a region in time
const EDGE = 20; // Hz to either side of an end in frequency: there the filter goes from full to nothing
const CLICK = { seconds: 0.3, hertz: 600 }; // the region around a click
const SMALLEST = { seconds: 0.05, hertz: 60 };

function el(tag, className, ...children) {
	const node = document.createElement(tag);
	node.className = className;
	node.append(...children);
	return node;
}
const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const within = (value, low, high) => Math.min(high, Math.max(low, value));

/** Fourier transform in place; the length is a power of two. Twice, the second time with `back`, gives length times the same. */
function transform(real, imaginary, back = false) {
	const length = real.length;
	for (let i = 1, j = 0; i < length; i++) {
		let bit = length >> 1;
		for (; j & bit; bit >>= 1) j ^= bit;
		j ^= bit;
		if (i < j) for (const part of [real, imaginary]) [part[i], part[j]] = [part[j], part[i]];
	}
	for (let size = 2; size <= length; size *= 2) {
		const half = size / 2, turn = ((back ? 2 : -2) * Math.PI) / size;
		for (let k = 0; k < half; k++) {
			const c = Math.cos(turn * k), s = Math.sin(turn * k);
			for (let a = k; a < length; a += size) {
				const b = a + half, re = c * real[b] - s * imaginary[b], im = c * imaginary[b] + s * real[b];
				real[b] = real[a] - re;
				imaginary[b] = imaginary[a] - im;
				real[a] += re;
				imaginary[a] += im;
			}
		}
	}
}

/** From 0 to 1 between two places, as a raised cosine. */
const rise = (at, from, to) => (1 - Math.cos(Math.PI * within((at - from) / (to - from), 0, 1))) / 2;

/** A region [from, to in seconds, from, to in Hz] of samples: a filter without phase over the whole, then a gate. */
function cut(samples, rate, [start, end, low, high]) {
	const seconds = samples.length / rate;
	const length = 2 ** Math.ceil(Math.log2(samples.length + rate / EDGE)), half = length / 2; // room for what rings
	const real = new Float64Array(length), imaginary = new Float64Array(length);
	real.set(samples);
	transform(real, imaginary);
	for (let k = 0; k <= half; k++) {
		const hertz = (k * rate) / length;
		// The ends of the band are no edges: a region from 0 Hz holds all below.
		const up = low <= 0 ? 1 : rise(hertz, low - EDGE, low + EDGE);
		const down = high >= rate / 2 ? 1 : 1 - rise(hertz, high - EDGE, high + EDGE);
		for (const at of k && k < half ? [k, length - k] : [k]) {
			real[at] *= up * down;
			imaginary[at] *= up * down;
		}
	}
	transform(real, imaginary, true);
	return Float32Array.from(samples, (_, k) => {
		const at = k / rate;
		const opened = start <= 0 ? 1 : rise(at, start, start + FADE), closed = end >= seconds ? 1 : 1 - rise(at, end - FADE, end);
		return (real[k] / length) * opened * closed;
	});
}

let context = null; // one AudioContext a rate, made by the first press of play
let playing = null; // the player that sounds
/** At the sound's own rate, so that the browser resamples once, with its best filter. */
const contextOf = (rate) => (context?.sampleRate === rate ? context : (context = new AudioContext({ sampleRate: rate })));

class RegionPlayer {
	constructor(figure) {
		this.figure = figure;
		Object.assign(this, JSON.parse(figure.dataset.content));
		this.region = this.first;
		this.plot = figure.querySelector(".sound-plot");
		this.build();
		this.show();
	}

	/** The samples, decoded once. */
	get samples() {
		const decoder = new OfflineAudioContext(1, 1, this.rate);
		const decoded = decoder.decodeAudioData(bytes(this.sound).buffer).then((buffer) => buffer.getChannelData(0));
		Object.defineProperty(this, "samples", { value: decoded });
		return decoded;
	}

	/** What is heard: "region", "rest" or "whole". */
	async part(name) {
		const samples = await this.samples;
		if (name === "whole") return samples;
		const region = cut(samples, this.rate, this.region);
		return name === "region" ? region : samples.map((value, k) => value - region[k]);
	}

	build() {
		const { figure } = this;
		for (const old of figure.querySelectorAll(".sound > audio, .sound > .sound-name, .region-controls, .region-box, .region-now, .region-map")) old.remove();
		this.box = el("span", "region-box");
		this.now = Object.assign(el("span", "region-now"), { hidden: true });
		this.told = el("output", "");
		this.buttons = {};
		const bar = el("div", "region-buttons");
		for (const [name, words] of [["region", "Only the region"], ["rest", "Everything but it"], ["whole", "The whole"]]) {
			const button = Object.assign(el("button", "", words), { type: "button", ariaPressed: "false" });
			button.addEventListener("click", () => (this.heard === name ? this.stop() : this.play(name)));
			bar.append((this.buttons[name] = button));
		}
		this.edges = [
			["Start", "seconds"], ["End", "seconds"], ["Lowest", "hertz"], ["Highest", "hertz"],
		].map(([word, kind], place) => this.edge(word, kind, place));
		const controls = el("div", "region-controls", bar, this.told, el("div", "region-edges", ...this.edges.map((each) => each.node)));
		this.plot.append(...(this.map ? [this.overlay(bar, controls)] : []), this.box, this.now);
		figure.querySelector(".sound").append(controls);
		figure.classList.add("region-live");
		this.plot.addEventListener("pointerdown", (event) => this.drag(event));
		this.plot.addEventListener("dragstart", (event) => event.preventDefault());
	}

	/** A slider for one end of the region. */
	edge(word, kind, place) {
		const input = el("input", ""), value = el("span", ""), label = el("label", "", word);
		const end = kind === "hertz" ? this.top : this.seconds, step = kind === "hertz" ? 20 : 0.02;
		Object.assign(input, { type: "range", min: 0, max: end, step: "any", id: `region-${edges++}` });
		label.htmlFor = input.id;
		value.ariaHidden = "true";
		// With step="any" the keys would move by a hundredth of the whole; here by a step of the scale.
		input.addEventListener("keydown", (event) => {
			const way = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[event.key];
			if (!way) return;
			event.preventDefault();
			this.move(place, Number(input.value) + way * step);
		});
		input.addEventListener("input", () => this.move(place, Number(input.value)));
		input.addEventListener("change", () => this.again());
		return { input, value, kind, node: el("div", "", label, input, value) };
	}

	/** One end of the region to a place; the other end stays, at least the smallest region away. */
	move(place, to) {
		const region = [...this.region], kind = place < 2 ? "seconds" : "hertz", least = SMALLEST[kind];
		const end = kind === "hertz" ? this.top : this.seconds;
		region[place] = place % 2 ? within(to, region[place - 1] + least, end) : within(to, 0, region[place + 1] - least);
		this.region = region;
		this.show();
	}

	/** A region by mouse, pen or finger: a drag from corner to corner, or a click for one of a common size. */
	drag(event) {
		if (event.button) return;
		const frame = this.plot.getBoundingClientRect();
		const place = ({ clientX, clientY }) => [
			within((clientX - frame.left) / frame.width, 0, 1) * this.seconds,
			within((frame.bottom - clientY) / frame.height, 0, 1) * this.top,
		];
		const [x, y] = place(event);
		this.mark(x - CLICK.seconds / 2, x + CLICK.seconds / 2, y - CLICK.hertz / 2, y + CLICK.hertz / 2);
		const moved = (now) => {
			const [u, v] = place(now), far = Math.hypot(now.clientX - event.clientX, now.clientY - event.clientY);
			if (far > 6) this.mark(Math.min(x, u), Math.max(x, u), Math.min(y, v), Math.max(y, v));
		};
		const done = () => {
			for (const [name, listener] of Object.entries(listeners)) this.plot.removeEventListener(name, listener);
			this.play("region");
		};
		const listeners = { pointermove: moved, pointerup: done, pointercancel: done };
		this.plot.setPointerCapture(event.pointerId);
		for (const [name, listener] of Object.entries(listeners)) this.plot.addEventListener(name, listener);
	}

	/** A region that lies within the clip and is not too small to be heard. */
	mark(start, end, low, high) {
		const placed = (from, to, least, whole) => {
			const extent = Math.max(least, Math.min(whole, to) - Math.max(0, from)), left = within(from, 0, whole - extent);
			return [left, left + extent];
		};
		this.region = [...placed(start, end, SMALLEST.seconds, this.seconds), ...placed(low, high, SMALLEST.hertz, this.top)];
		this.show();
	}

	show() {
		const [start, end, low, high] = this.region, { seconds, top } = this;
		Object.assign(this.box.style, {
			left: `${(100 * start) / seconds}%`, width: `${(100 * (end - start)) / seconds}%`,
			bottom: `${(100 * low) / top}%`, height: `${(100 * (high - low)) / top}%`,
		});
		this.edges.forEach(({ input, value, kind }, place) => {
			const at = this.region[place], words = kind === "hertz" ? `${at.toFixed(0)} Hz` : `${at.toFixed(2)} s`;
			input.value = at;
			value.textContent = words;
			input.setAttribute("aria-valuetext", words.replace(" s", " seconds"));
		});
		const told = `${start.toFixed(2)} to ${end.toFixed(2)} s, ${low.toFixed(0)} to ${high.toFixed(0)} Hz.`;
		this.told.textContent = this.map && this.shown.checked ? `${told} ${this.speaks()}` : told;
	}

	/** The map in the region and over all, in words. */
	speaks() {
		const { values, rows, columns, seconds, hertz, high, low } = this.map, [start, end, from, to] = this.region;
		const inside = values.filter((_, at) => {
			const x = (((at % columns) + 0.5) * seconds) / columns, y = ((Math.floor(at / columns) + 0.5) * hertz) / rows;
			return x >= start && x < end && y >= from && y < to;
		});
		const mean = (of) => of.reduce((sum, value) => sum + value, 0) / of.length;
		const words = (value) => `${Math.abs(value).toPrecision(2)} for ${value >= 0 ? high : low}`;
		return inside.length ? `Mean of the map here: ${words(mean(inside))}; over the whole: ${words(mean(values))}.` : "";
	}

	/** The map over the spectrogram, clearer the nearer to 0, and its switch. */
	overlay(bar, controls) {
		const { map } = this, canvas = Object.assign(el("canvas", "region-map"), { width: map.columns, height: map.rows, hidden: true, ariaHidden: "true" });
		map.values = Array.from(new Int8Array(bytes(map.cells).buffer), (value) => (value / 127) * map.limit);
		const context = canvas.getContext("2d"), image = context.createImageData(map.columns, map.rows);
		map.values.forEach((value, at) => {
			const row = map.rows - 1 - Math.floor(at / map.columns), share = value / map.limit, last = map.colours.length - 1;
			const shade = map.colours[Math.round((share < 0 ? 0.2 : 0.8) * last)];
			image.data.set([...shade, 235 * Math.abs(share) ** 0.7], 4 * (row * map.columns + (at % map.columns)));
		});
		context.putImageData(image, 0, 0);
		Object.assign(canvas.style, { width: `${(100 * map.seconds) / this.seconds}%`, height: `${(100 * map.hertz) / this.top}%` });
		this.shown = Object.assign(el("input", ""), { type: "checkbox" });
		const scale = el("i", ""), key = Object.assign(el("p", "region-key", `for ${map.low}`, scale, `for ${map.high}`), { hidden: true });
		scale.style.background = `linear-gradient(to right, rgb(${map.colours[2]}), #808080, rgb(${map.colours.at(-3)}))`;
		this.shown.addEventListener("input", () => {
			canvas.hidden = key.hidden = !this.shown.checked;
			this.figure.classList.toggle("region-mapped", this.shown.checked);
			this.show();
		});
		bar.append(el("label", "", this.shown, "Activation map"));
		controls.append(key);
		return canvas;
	}

	/** What sounds is begun anew with the region as it is now. */
	again() {
		if (this.heard && this.heard !== "whole") this.play(this.heard);
	}

	async play(name) {
		playing?.stop();
		playing = this;
		this.heard = name;
		const turn = (this.turn = {});
		for (const each in this.buttons) this.buttons[each].ariaPressed = String(each === name);
		const audio = contextOf(this.rate);
		await audio.resume();
		const samples = await this.part(name);
		if (this.turn !== turn) return; // stopped or begun again meanwhile
		const buffer = new AudioBuffer({ length: samples.length, sampleRate: this.rate, numberOfChannels: 1 });
		buffer.copyToChannel(samples, 0);
		const [from, to] = name === "region" ? this.region : [0, this.seconds];
		const node = new AudioBufferSourceNode(audio, { buffer });
		node.connect(audio.destination);
		node.onended = () => node === this.node && this.stop();
		this.node = node;
		node.start(0, from, to - from);
		this.follow(audio, audio.currentTime, from);
	}

	/** A line in the picture that goes with the sound. */
	follow(audio, since, from) {
		const { node } = this;
		const step = () => {
			if (this.node !== node) return;
			this.now.hidden = false;
			this.now.style.left = `${(100 * (from + audio.currentTime - since)) / this.seconds}%`;
			requestAnimationFrame(step);
		};
		step();
	}

	stop() {
		this.node?.stop();
		this.node = this.heard = this.turn = null;
		this.now.hidden = true;
		for (const name in this.buttons) this.buttons[name].ariaPressed = "false";
	}
}

let edges = 0;
function start(root) {
	for (const figure of root.querySelectorAll("figure.region-player[data-content]:not([data-started])")) {
		figure.dataset.started = "";
		figure.regionPlayer = new RegionPlayer(figure);
	}
}
window.regionPlayers = start;
start(document);
// A live notebook brings its outputs one by one.
new MutationObserver(() => start(document)).observe(document.body ?? document.documentElement, { childList: true, subtree: true });
})();
