/* The book's player: one synchronised player of the native controls in each <figure class="sound-compare">.
   Plain script, no dependency. Where it does not run, the native controls stay and work. */
(() => {
"use strict";
if (window.soundPlayers) return; // a live notebook may load it twice

const FADE = 0.02; // s, from one sound to the next
const GAP = 120; // ms of silence at each switch of a blind test: the switch itself must tell nothing
const TYPING = "textarea, select, audio, [contenteditable=true], input:not([type=range])";
const BUSY = `${TYPING}, a[href], button, summary, video, input, [tabindex="0"]`;
const onDisk = location.protocol === "file:"; // where a page may not fetch
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const players = [];
let last = null; // the player in use: keys go to it
let context = null; // one AudioContext a page, made by the first press of play
const decoded = new Map(); // address -> promise of an AudioBuffer

const press = (node, on) => (node.ariaPressed = on);
const html = (text) => Object.assign(document.createElement("template"), { innerHTML: text }).content.firstElementChild;

/* Voices, of two kinds: begin, seek, position, reloop (when owner.loop has changed), ramp (volume), stop, onend. */

/** Decoded sound: starts, switches and loops to the sample. */
class BufferVoice {
	constructor(owner, buffer) {
		Object.assign(this, { owner, buffer });
	}
	begin(at, old) {
		this.seek(old ? old.position : at);
	}
	seek(at) {
		this.stop();
		const node = new AudioBufferSourceNode(context, { buffer: this.buffer, loop: this.owner.loop });
		const volume = new GainNode(context, { gain: 0 });
		node.onended = () => node === this.node && this.onend?.();
		node.connect(volume).connect(context.destination);
		Object.assign(this, { node, volume });
		this.reloop(at % this.buffer.duration);
		this.ramp(this.owner.gain());
		node.start(0, this.at);
	}
	get position() {
		const at = this.at + context.currentTime - this.since;
		return this.node?.loop ? at % this.buffer.duration : Math.min(at, this.buffer.duration);
	}
	reloop(at) {
		Object.assign(this, { at, since: context.currentTime });
		this.node.loop = this.owner.loop;
	}
	ramp(value) {
		const level = this.volume.gain;
		level.cancelScheduledValues(0);
		level.setValueAtTime(level.value, context.currentTime);
		level.linearRampToValueAtTime(value, context.currentTime + FADE);
	}
	stop() {
		if (!this.node) return;
		this.ramp(0);
		this.node.stop(context.currentTime + FADE);
		this.node = null;
	}
}

/** The native element itself, for pages on disk. */
class ElementVoice {
	constructor(owner, { audio, seconds }) {
		Object.assign(this, { owner, audio, seconds });
	}
	async begin(at, old) {
		const audio = this.audio;
		clearInterval(audio.fading);
		// An element serves one voice at a time; a stale one must not stop it.
		Object.assign(audio, { voice: this, preload: "auto", volume: 0, muted: false });
		audio.onended = () => audio.voice?.onend?.();
		this.reloop();
		this.seek(old ? old.position : at);
		await audio.play();
		for (let k = 0, lead = 0; old && k < 3 && Math.abs(old.position - this.position) > 0.03; k++) {
			const began = performance.now();
			this.seek(old.position + lead);
			await new Promise((done) => setTimeout((audio.onseeked = done), 300));
			lead = (performance.now() - began) / 1000;
		}
		this.ramp(this.owner.gain());
	}
	seek(at) {
		this.audio.currentTime = at % this.seconds;
	}
	get position() {
		return this.audio.currentTime;
	}
	reloop() {
		this.audio.loop = this.owner.loop;
	}
	ramp(value, done) {
		const audio = this.audio;
		const [from, began] = [audio.volume, performance.now()];
		clearInterval(audio.fading);
		audio.fading = setInterval(() => {
			const part = Math.min(1, (performance.now() - began) / 1000 / FADE);
			audio.volume = from + (value - from) * part;
			if (part < 1) return;
			clearInterval(audio.fading);
			done?.();
		}, 4);
	}
	stop() {
		if (this.audio.voice !== this) return;
		this.audio.voice = null;
		this.ramp(0, () => this.audio.pause());
	}
}

async function load(address) {
	const answer = await fetch(address);
	if (!answer.ok) throw new Error(answer.status);
	return context.decodeAudioData(await answer.arrayBuffer());
}
function decode(address) {
	if (!decoded.has(address)) decoded.set(address, load(address));
	return decoded.get(address);
}
async function voiceFor(owner, sound) {
	if (onDisk) return new ElementVoice(owner, sound);
	context ||= new AudioContext();
	if (context.state === "suspended") await context.resume();
	// What cannot be fetched or decoded may still play in its own element.
	return decode(sound.audio.src).then((buffer) => new BufferVoice(owner, buffer), () => new ElementVoice(owner, sound));
}


const NOW = '<span class="sound-now"></span>';
const key = (text) => `<span class="sound-key" aria-hidden="true">${text}</span>`;
const button = (look, name, text, value = "") =>
	`<button type="button" name="${name}" value="${value}" class="sound-${look} sound-${name}">${text}</button>`;
const DECK = `<div class="sound-deck">
<div class="sound-bar">${button("play", "toggle", "")}<span class="sound-clock"></span><span class="sound-tools">
${button("tool", "loop", "Loop")}${button("tool", "match", "Same loudness")}
${button("tool", "blind", "Blind")}${button("tool", "abx", "ABX test")}</span></div>
<div class="sound-steps"><span class="sound-step"></span><span><input type="range" class="sound-slider" min="0" value="0">
<span class="sound-marks" aria-hidden="true"></span></span></div>
<div class="sound-rows"><div class="sound-row sound-foot"><span class="sound-legend" aria-hidden="true">−80<i></i>0 dB</span>
<span class="sound-ruler"><input type="range" class="sound-seek" min="0" aria-label="Position">${NOW}</span></div></div>
<div class="sound-test"><p>X is A or B: which? Listen as often as you like.</p>
<p><label>A <select></select></label><label>B <select></select></label></p>
<p>${["A", "B", "X"].map((name, k) => button("pick", "listen", `${key(k + 1)}<b>${name}</b>`, k)).join("")}</p>
<p>${["A", "B"].map((name, k) => button("tool", "answer", `X is ${name}`, k)).join("")}<span class="sound-score"></span></p></div>
<p class="sound-status" role="status"></p></div>`;
const ROW = `<div class="sound-row">${button("pick", "choose", `${key("")}<span class="sound-text"><b></b><small></small></span>`)}
<div class="sound-view"></div></div>`;

class Player {
	mode = "open"; // or "blind", "abx"
	at = 0; // s, where it stands while nothing sounds
	ticket = 0; // of the newest wish to hear something
	voice = null;
	playing = false;
	loop = false;
	matched = true;
	right = 0; // of `total` ABX answers
	total = 0;

	constructor(figure) {
		Object.assign(this, { figure, seconds: +figure.dataset.seconds, stepName: figure.dataset.stepName });
		this.tracks = this.order = collect(figure);
		this.steps = [...new Set(this.tracks.flatMap((track) => Object.keys(track.sounds)))].filter(Boolean);
		this.step = this.steps[0];
		this.current = this.playable()[0];
		this.build();
		this.show();
	}
	sound(track = this.current) {
		return track?.sounds[""] ?? track?.sounds[this.step];
	}
	playable() {
		return this.order.filter((track) => this.sound(track)?.audio);
	}
	/** What is to be heard now. */
	heard() {
		return this.sound(this.mode === "abx" ? this.pair[this.listening === 2 ? this.x : this.listening] : this.current);
	}
	get position() {
		return this.voice ? this.voice.position : this.at;
	}
	gain() {
		return this.matched ? 1 : this.heard().own;
	}
	name(track) {
		return this.mode === "blind" ? `Sound ${String.fromCharCode(65 + this.order.indexOf(track))}` : track.label;
	}
	say(text) {
		this.ui.status.textContent = text;
	}

	async play() {
		const ticket = ++this.ticket; // those still loading give way
		const sound = this.heard();
		if (!sound?.audio) return this.halt();
		takeOver(this);
		this.playing = true;
		this.show();
		try {
			if (this.voice && this.mode !== "open") {
				this.silence();
				await new Promise((done) => setTimeout(done, GAP));
			}
			const voice = await voiceFor(this, sound);
			if (ticket !== this.ticket) return;
			const old = this.voice;
			await voice.begin(this.at, old);
			if (ticket !== this.ticket) return voice.stop();
			old?.stop();
			this.voice = voice;
			voice.onend = () => (ticket === this.ticket ? this.halt(0) : this.voice === voice && this.silence(0));
			this.prepare();
			this.tick();
		} catch {
			if (ticket !== this.ticket) return;
			this.halt();
			this.say(`${this.mode === "open" ? this.current.label : "This sound"} could not be loaded.`);
		}
	}
	/** Load what may be chosen next. */
	prepare() {
		for (const { audio } of this.playable().map((track) => this.sound(track)))
			if (onDisk) audio.preload = "auto";
			else decode(audio.src).catch(() => {}); // said when it is chosen
	}
	silence(at = this.position) {
		this.at = at;
		this.voice?.stop();
		this.voice = null;
	}
	halt(at) {
		this.ticket++;
		this.playing = false;
		this.silence(at);
		this.show();
	}
	toggle() {
		this.playing ? this.halt() : this.play();
	}
	seek(at) {
		this.at = Math.min(Math.max(0, at), 0.999 * this.heard().seconds);
		this.voice?.seek(this.at);
		this.show();
	}
	/** Choosing a sound is asking to hear it. */
	pick(track) {
		if (!this.playable().includes(track)) return;
		this.current = track;
		this.play();
		this.say(this.name(track));
	}

	setMode(mode) {
		const answer = this.mode === "blind" ? this.order.map((track) => `${this.name(track)} was ${track.label}`) : [];
		this.halt(0);
		this.order = this.tracks;
		if (mode === "blind") this.order = shuffled(this.playable());
		this.mode = mode;
		this.current = this.playable()[0];
		this.ui.foot.before(...this.order.map((track) => track.row));
		this.say(mode === "blind" ? "The sounds are shuffled. Press Blind again to see which was which." : answer.join(", "));
		if (mode === "abx") this.restart();
		this.show();
	}
	restart() {
		this.pair = this.selects.map((select) => this.tracks[select.value]);
		this.right = this.total = 0;
		const fit = this.pair[0] !== this.pair[1] && this.pair.every((track) => this.sound(track)?.audio);
		for (const node of this.deck.querySelectorAll("[name=answer]")) node.disabled = !fit;
		this.say(fit ? "" : "Choose two different sounds for A and B.");
		this.hideX(0);
	}
	hideX(listening) {
		this.x = Math.random() < 0.5 ? 0 : 1;
		this.listening = listening;
		this.halt(0);
	}
	listen(which) {
		if (which > 2) return;
		this.listening = which;
		this.play();
	}
	answer(guess) {
		this.right += guess === this.x;
		this.total++;
		this.say(`${guess === this.x ? "Right" : "Wrong"}, X was ${"AB"[this.x]}. There is a new X.`);
		this.hideX(2);
	}

	build() {
		const deck = (this.deck = html(DECK));
		const ui = (this.ui = {}); // the last word of each class -> its node
		for (const node of deck.querySelectorAll("[class]")) ui[node.className.split("sound-").pop()] = node;
		for (const track of this.tracks) {
			track.row = html(ROW);
			[track.pick, track.view] = track.row.children;
			track.pick.onclick = () => this.pick(track);
			this.seekable(track);
			ui.foot.before(track.row);
		}
		const all = this.tracks.flatMap((track) => Object.values(track.sounds)).filter((sound) => sound.audio);
		const axis = all[0].picture?.querySelector(".sound-x");
		if (axis) ui.ruler.prepend(axis.cloneNode(true));
		ui.legend.hidden = !axis;
		Object.assign(ui.seek, { max: this.seconds, step: this.seconds / 40 });
		ui.seek.onkeydown = () => (ui.seek.value = this.position); // the arrows start from where the sound is
		ui.seek.oninput = () => this.seek(+ui.seek.value);
		ui.steps.hidden = this.steps.length < 2;
		ui.slider.max = this.steps.length - 1;
		ui.slider.ariaLabel = this.stepName;
		ui.slider.oninput = () => this.setStep(this.steps[ui.slider.value]);
		ui.marks.append(...this.steps.map((step) => html(`<i>${step}</i>`)));
		ui.match.hidden = all.every((sound) => sound.own > 0.98);
		ui.blind.hidden = ui.abx.hidden = this.playable().length < 2;
		this.selects = [...deck.querySelectorAll("select")];
		this.selects.forEach((select, k) => {
			select.append(...this.tracks.map((track, n) => new Option(track.label, n)));
			select.value = this.tracks.indexOf(this.playable()[k]);
			select.onchange = () => this.restart();
		});
		deck.onclick = ({ target }) => this.clicked(target.closest("button") ?? {});
		// A mouse leaves the focus on what it pressed; space should then still play.
		deck.onpointerdown = () => (this.mouse = true);
		deck.onkeydown = ({ key }) => void (key === "Tab" && (this.mouse = false)); // false would cancel the key
		const native = this.figure.querySelector(".sound-static");
		native.hidden = true;
		native.after(deck);
	}
	clicked({ name, value }) {
		if (name === "toggle") this.toggle();
		else if (name === "listen") this.listen(+value);
		else if (name === "answer") this.answer(+value);
		else if (name === "blind" || name === "abx") this.setMode(this.mode === name ? "open" : name);
		else if (name === "loop") {
			const at = this.position;
			this.loop = !this.loop;
			this.voice?.reloop(at);
		} else if (name === "match") {
			this.matched = !this.matched;
			this.voice?.ramp(this.gain());
		}
		this.show();
	}
	setStep(step) {
		this.step = step;
		if (!this.sound()?.audio) this.current = this.playable()[0];
		if (this.mode === "abx") this.restart();
		this.playing ? this.play() : this.show();
	}
	/** Nothing is done before the finger leaves, so that a page can still be scrolled. */
	seekable(track) {
		const area = track.view;
		area.onpointerdown = area.onpointermove = area.onpointerup = area.onpointercancel = (event) => {
			const { type, button, pointerId, clientX } = event;
			if (type === "pointerdown" && !button) this.dragging = !!this.sound(track)?.audio;
			if (!this.dragging) return;
			const { left, width } = (area.querySelector(".sound-plot") ?? area).getBoundingClientRect();
			const at = Math.min(1, Math.max(0, (clientX - left) / width)) * this.seconds;
			this.dragging = type === "pointerdown" || type === "pointermove";
			if (type === "pointerdown") area.setPointerCapture(pointerId);
			if (this.dragging) return this.draw(at);
			if (type === "pointercancel") return this.show();
			this.current = track;
			this.silence();
			this.seek(at);
			this.play();
		};
	}
	show() {
		const { ui, mode, playing, right, total } = this;
		Object.assign(this.deck.dataset, { mode, playing });
		ui.toggle.ariaLabel = playing ? "Pause" : "Play";
		press(ui.loop, this.loop);
		press(ui.match, this.matched);
		press(ui.blind, mode === "blind");
		press(ui.abx, mode === "abx");
		ui.step.textContent = `${this.stepName} ${this.step}`;
		ui.slider.ariaValueText = this.step;
		const keys = this.playable();
		for (const track of this.tracks) this.showRow(track, keys.indexOf(track) + 1);
		ui.test.hidden = mode !== "abx";
		for (const node of this.deck.querySelectorAll("[name=listen]")) press(node, node.value == this.listening);
		ui.score.textContent = `${right} of ${total} right${total ? `; by guessing, p = ${chance(right, total)}` : ""}`;
		this.draw((ui.seek.value = this.position));
		ui.seek.ariaValueText = ui.clock.textContent;
	}
	showRow(track, number) {
		const [sound, blind, pick] = [this.sound(track), this.mode === "blind", track.pick];
		const write = (name, text) => (pick.querySelector(name).textContent = text);
		track.row.hidden = this.mode === "abx" || (blind && !number);
		track.row.dataset.role = blind ? "" : track.role;
		write(".sound-key", number || "–");
		write("b", this.name(track));
		write("small", (!blind && sound?.facts) || "");
		pick.disabled = !number;
		pick.setAttribute("aria-keyshortcuts", number);
		press(pick, track === this.current);
		const content = sound ? sound.picture ?? "" : "no sound at this step";
		if (track.view.firstChild !== content) track.view.replaceChildren(content);
	}
	draw(at) {
		this.deck.style.setProperty("--at", at / this.seconds);
		this.ui.clock.textContent = `${at.toFixed(2)} of ${this.seconds.toFixed(2)} s`;
	}
	tick() {
		if (this.ticking) return;
		this.ticking = true;
		const next = () => {
			if (!this.voice) return (this.ticking = false);
			if (!this.figure.isConnected) this.halt();
			if (!this.dragging) this.draw(this.position);
			calm.matches ? setTimeout(next, 250) : requestAnimationFrame(next);
		};
		next();
	}
}

/** Probability that guessing gets at least `right` of `total`. */
function chance(right, total) {
	let [sum, ways] = [0, 1];
	for (let k = 0; k <= total; k++) {
		if (k >= right) sum += ways;
		ways = (ways * (total - k)) / (k + 1);
	}
	return (sum / 2 ** total).toPrecision(2);
}

function shuffled(list) {
	const rest = [...list];
	return list.map(() => rest.splice(Math.floor(Math.random() * rest.length), 1)[0]);
}

/** Tracks of a figure: label, role, and sounds by step ("": the same at every step). */
function collect(figure) {
	const tracks = new Map();
	for (const node of figure.querySelectorAll(".sound")) {
		const { label, role = "", step = "", seconds, own } = node.dataset;
		if (!tracks.has(label)) tracks.set(label, { label, role, sounds: {} });
		const find = (name) => node.querySelector(name);
		find(".sound-plot")?.append(html(NOW));
		const picture = find(".sound-picture") ?? find(".sound-message");
		tracks.get(label).sounds[step] = { audio: find("audio"), picture, facts: find("small")?.textContent, seconds: +seconds, own: +own };
	}
	return [...tracks.values()];
}

/** One sound at a time on the page, native controls included. */
function takeOver(player) {
	for (const other of players) if (other !== player && other.playing) other.halt();
	for (const media of document.querySelectorAll("audio, video")) if (!media.voice && !media.paused) media.pause();
	last = player;
}
const native = ({ target }) => target.voice || players.forEach((player) => player.playing && player.halt());
document.addEventListener("play", native, true);

/** 1 to 9 choose, space plays, escape stops: in a player, or in the last used if nothing else has the focus. */
let swallow = false;
function keyed(event) {
	const { target, key } = event;
	if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || !target.closest) return;
	const inside = players.find((player) => player.figure.contains(target));
	const player = inside ?? last;
	if (!player?.figure.isConnected || target.closest(TYPING)) return;
	const { top, bottom } = player.figure.getBoundingClientRect();
	const elsewhere = bottom < 0 || top > innerHeight || document.querySelector(".jp-Notebook");
	if (!inside && (elsewhere || target.closest(BUSY))) return;
	if (key === " ") {
		const own = target.closest("button, summary");
		if (own && !player.mouse && !own.matches("[aria-pressed=true].sound-choose")) return;
		swallow = true;
		if (!event.repeat) player.toggle();
	} else if (/^[1-9]$/.test(key)) {
		if (player.mode === "abx") player.listen(key - 1);
		else player.pick(player.playable()[key - 1]);
	} else if (key === "Escape" && player.playing) player.halt();
	else return;
	event.preventDefault();
	event.stopPropagation();
}
document.addEventListener("keydown", keyed, true);
// A button acts when space is let go: where space meant "play", it must not act too.
const released = (event) => {
	if (event.key === " " && swallow) event.preventDefault();
	swallow = false;
};
document.addEventListener("keyup", released, true);

function enhance() {
	for (const figure of document.querySelectorAll("figure.sound-compare:not([data-ready])")) {
		figure.dataset.ready = "";
		if (figure.querySelector(".sound audio")) players.push((figure.soundPlayer = new Player(figure)));
	}
	// ipywidgets writes a name beside its sliders, but gives them none.
	for (const slider of document.querySelectorAll(".live-controls [role=slider]:not([aria-label])")) {
		const name = slider.closest(".widget-slider")?.querySelector(".widget-label")?.textContent;
		if (name) slider.ariaLabel = name;
	}
}
window.soundPlayers = players;
const start = () => {
	enhance();
	new MutationObserver(enhance).observe(document.body, { childList: true, subtree: true });
};
document.readyState === "loading" ? document.addEventListener("DOMContentLoaded", start) : start();
})();
