/* The reader's own JND: one test in each <figure class="jnd-test" data-jnd="{...}">. Plain script; nothing is sent
   anywhere. Uses parts of listening_test.js. Which sound is which stays out of sight until the last answer. */
(() => {
"use strict";
if (window.jndTests) return; // a live notebook may load it twice

window.jndTests = true;
const { el, styled, key, button, bar, random, shuffled } = window.listeningTests;
const GAP = 350; // ms between two sounds
const LAST = 100; // the largest strength
const NAMES = ["A", "B"];
const SVG = "http://www.w3.org/2000/svg";
const PLOT = { width: 360, height: 214, left: 42, right: 14, top: 26, bottom: 40 }; // px
const plural = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;
const percent = (share) => `${Math.round(100 * share)} %`;

/** Logarithm of the Gaussian distribution function, to 1e-11. */
function logNormal(z) {
	const density = -z * z / 2 - Math.log(2 * Math.PI) / 2;
	if (Math.abs(z) > 4) { // the tail, as a continued fraction
		let rest = Math.abs(z);
		for (let k = 80; k > 0; k--) rest = Math.abs(z) + k / rest;
		const tail = density - Math.log(rest);
		return z < 0 ? tail : Math.log1p(-Math.exp(tail));
	}
	let [term, sum] = [z, z];
	for (let k = 3; Math.abs(term) > 1e-17; k += 2) sum += term *= z * z / k;
	return Math.log(0.5 + Math.exp(density) * sum);
}

/** The paper’s estimate, as paper_code/listeners/jnd/grid.py has it: { threshold, low, high }, or null where all answers are the same. */
function estimate({ thresholds, spreads, tie, drop }, answers) {
	if (new Set(answers.map(({ different }) => different)).size < 2) return null;
	const of = (threshold, spread) => answers.reduce((sum, { strength, different }) => {
		const z = (strength - threshold) / spread;
		return sum + logNormal(different ? z : -z);
	}, 0);
	const profile = thresholds.map((threshold) => Math.max(...spreads.map((spread) => of(threshold, spread))));
	const most = Math.max(...profile);
	const within = (less) => thresholds.filter((_, k) => profile[k] >= most - less);
	const [best, likely] = [within(tie), within(drop)];
	return { threshold: best.reduce((a, b) => a + b) / best.length, low: likely[0], high: likely.at(-1) };
}

/** Which strength to ask next: the most likely threshold; before both answers were given, half-way to the other's end. */
function wanted(grid, answers) {
	if (!answers.length) return LAST / 2;
	const { strength, different } = answers.at(-1);
	return estimate(grid, answers)?.threshold ?? (strength + (different ? 0 : LAST)) / 2;
}
const nearest = (strengths, value) => strengths.reduce((a, b) => (Math.abs(b - value) < Math.abs(a - value) ? b : a));

/** Sounds that are played one after the other, from the beginning. */
class Sequence {
	wish = 0; // the newest wins
	now = null;

	constructor(changed) {
		this.changed = changed;
	}
	/** parts: { name, audio }; heard(name) is called at the end of each. True if all were played. */
	async play(parts, heard) {
		const wish = this.stop() + 1;
		this.wish = wish;
		for (const [k, { name, audio }] of parts.entries()) {
			if (k) await new Promise((done) => setTimeout(done, GAP));
			if (wish !== this.wish) return false;
			for (const other of document.querySelectorAll("audio")) if (!other.voice) other.pause();
			this.now = name;
			this.audio = audio;
			this.changed();
			try {
				audio.currentTime = 0;
				const ended = new Promise((done) => (audio.onended = audio.onpause = done));
				await audio.play();
				await ended;
			} catch {
				if (wish === this.wish) this.changed("This sound could not be played.");
			}
			const whole = audio.ended;
			if (wish !== this.wish) return false;
			this.now = null;
			if (!whole) break;
			heard(name);
		}
		this.now = null;
		this.changed();
		return true;
	}
	stop() {
		this.now = null;
		this.audio?.pause();
		return this.wish++;
	}
}

class JNDTest {
	constructor(figure) {
		Object.assign(this, { test: JSON.parse(figure.dataset.jnd), sounds: figure.querySelectorAll("audio") });
		this.place = `jnd-test:${this.test.id}`;
		this.title = el("p", { className: "listening-title", "aria-live": "polite", tabIndex: -1 });
		this.body = el("div");
		this.body.onkeydown = (event) => this.keyed(event);
		this.status = el("p", { className: "listening-status", role: "status" });
		this.sequence = new Sequence((text) => this.draw(text));
		figure.querySelector(".listening-static").replaceWith(styled("div", "sound-deck listening", this.title, this.body));
		this.keep(() => this.take(JSON.parse(localStorage.getItem(this.place))));
		this.show();
	}
	get all() {
		return this.test.blocks.length * this.test.questions;
	}
	get done() {
		return this.state.answers.length === this.all;
	}
	/** Where the browser keeps nothing, the answers live as long as the page. */
	keep(act) {
		try {
			act();
		} catch {
			this.forgetful = true;
		}
	}
	save() {
		this.keep(() => localStorage.setItem(this.place, JSON.stringify(this.state)));
		this.show(true);
	}
	say(text) {
		this.status.textContent = text;
	}

	/** Go on from the state of an earlier visit or a file, if it is one of this test and follows its plan. */
	take(state) {
		const { seed, listener, started, calibrated, attention, taught, answers, comment } = state ?? {};
		if (!(seed > 0 && seed < 2 ** 32 && [attention, taught, answers].every(Array.isArray))) return false;
		const [plan, { blocks }] = [this.planned(seed), this.test];
		const follows = answers.every((answer, k) => {
			const { block, strength, sentinel } = this.question(plan, answers.slice(0, k));
			return answer.perturbation === blocks[block].perturbation && answer.strength === strength && answer.sentinel === sentinel && typeof answer.different === "boolean";
		});
		if (!follows || answers.length > this.all) return false;
		Object.assign(this, { plan, state: { seed, listener, started, calibrated, attention, taught, answers, comment } });
		return true;
	}
	/** The order of the blocks, and at which places of each the sentinels stand. */
	planned(seed) {
		const { blocks, questions, sentinels } = this.test;
		const below = random(seed);
		return shuffled(blocks.keys(), below).map((block) => ({
			block,
			sentinels: new Map(shuffled(Array(questions).keys(), below).slice(0, sentinels.length).map((place, k) => [place, sentinels[k]])),
		}));
	}
	/** The question after these answers. */
	question(plan, answers) {
		const { questions, blocks, grid } = this.test;
		const place = answers.length % questions;
		const { block, sentinels } = plan[Math.floor(answers.length / questions)];
		const sentinel = sentinels.has(place);
		const own = answers.slice(answers.length - place).filter((answer) => !answer.sentinel);
		return { block, sentinel, strength: sentinel ? sentinels.get(place) : nearest(blocks[block].strengths, wanted(grid, own)) };
	}
	async resume(file) {
		try {
			const content = JSON.parse(await file.text());
			if (content.test === this.test.id && this.take(content)) return this.save();
		} catch {} // said below
		this.say("This file holds no answers to this test.");
	}
	start(name) {
		const seed = crypto.getRandomValues(new Uint32Array(1))[0] || 1;
		this.take({ seed, listener: name.trim() || `listener ${seed}`, started: new Date().toISOString(), calibrated: false, attention: [], taught: [], answers: [], comment: "" });
		this.save();
	}
	startAgain() {
		if (!confirm(`Start again? Your answers (${this.state.answers.length}) are deleted from this browser.`)) return;
		this.state = null;
		this.save();
	}
	download() {
		const { id, name, format } = this.test;
		const { wrong } = this;
		const content = { format, test: id, name, complete: this.done, saved: new Date().toISOString(), wrong_sentinels: wrong, discarded_by_the_paper: wrong > 0, ...this.state };
		const href = URL.createObjectURL(new Blob([JSON.stringify(content, null, 1)], { type: "application/json" }));
		el("a", { href, download: `jnd answers ${content.listener}${this.done ? "" : " (partial)"}.json` }).click();
		this.done || this.say("The file names the strengths: do not read it before the end.");
	}
	/** Sentinels that were answered wrongly. */
	get wrong() {
		return this.state.answers.filter(({ sentinel, strength, different }) => sentinel && different !== strength > 0).length;
	}

	/** Draw what the state asks for. moved: the listener did something, and the focus follows. */
	show(moved) {
		this.sequence.stop();
		this.trial = null;
		this.say("");
		this.body.replaceChildren(...this.stage());
		this.draw();
		if (this.forgetful && this.state && !this.done) this.say("This browser keeps nothing: download your answers before you leave the page.");
		if (moved) (this.body.querySelector("[tabindex]") ?? this.title).focus({ preventScroll: true });
	}
	stage() {
		if (!this.state) return this.welcome();
		const { calibrated, attention, taught } = this.state;
		if (!calibrated) return this.volume();
		const last = attention.at(-1);
		if (!last || last.beeps !== last.answer) return this.attend(last);
		if (taught.length < this.test.taught.length) return this.teach(taught.length);
		return this.done ? this.end() : this.ask();
	}
	welcome() {
		const { blocks, questions, sentinels } = this.test;
		const name = el("input", { type: "text", maxLength: 40 });
		const file = el("input", { type: "file", accept: ".json", hidden: true, onchange: () => this.resume(file.files[0]) });
		const form = styled("form", "listening-tools", el("label", {}, "A nickname, for the file ", name),
			styled("button", "sound-tool listening-main", "Start"), button("resume", () => file.click(), ["Go on from a file"]), file);
		form.onsubmit = (event) => {
			event.preventDefault();
			this.start(name.value);
		};
		this.title.textContent = `${this.all} comparisons in ${blocks.length} blocks`;
		return [
			el("p", {}, `First the volume, an attention test and two practice pairs. Then ${blocks.length} blocks of ${questions} pairs: are the two sounds exactly the same? In each block, ${sentinels.length} pairs are obvious. Stop when you like and go on later in this browser.`),
			el("p", {}, "Nothing is sent anywhere: answers stay in this browser until you download them."),
			form, this.status,
		];
	}
	/** A panel with one trial: what can be played, what can be answered, and where the keys work. */
	panel(label, parts, choices, lines, answer) {
		this.trial = { parts, answer, heard: new Set(), plays: parts.map(() => 0), choices };
		this.trial.since = performance.now();
		for (const { audio } of parts) audio.preload = "auto";
		this.picks = parts.map(({ name }, k) => button("play", () => this.play([k]), [key(parts.length > 1 ? k + 1 : "␣"), styled("span", "sound-text", el("b", {}, name), el("small"))],
			{ className: "sound-pick", "aria-keyshortcuts": parts.length > 1 ? `${name} ${k + 1}` : "Space" }));
		const both = parts.length > 1 ? [button("both", () => this.play(parts.map((_, k) => k)), [key("␣"), "Play A, then B"], { className: "sound-tool jnd-both", "aria-keyshortcuts": "Space" })] : [];
		const answers = choices.map(({ value, text, sign, keys }) =>
			button("answer", () => this.answered(value), sign ? [key(sign), text] : [text], { "aria-keyshortcuts": keys }));
		return el("div", { className: "listening-panel", role: "group", tabIndex: 0, "aria-label": label },
			...lines, ...both, styled("div", "listening-picks", ...this.picks), styled("div", `listening-choices jnd-choices-${choices.length}`, ...answers));
	}
	volume() {
		this.title.textContent = "Volume";
		const part = [{ name: "Loud and soft", audio: this.sounds[this.test.volume] }];
		return [
			this.panel("Volume check", part, [{ value: true, text: "I hear both: go on", keys: "Enter" }], [
				el("p", {}, "Speech that is loud and soft in turn. Set the volume so that the loud part is comfortable and you still understand the soft one. Then leave the volume as it is until the end. Headphones help; the paper did not ask for them."),
			], () => {
				this.state.calibrated = true;
				this.save();
			}),
			this.status, this.tools(),
		];
	}
	attend(last) {
		this.title.textContent = "Attention";
		const { beeps } = this.test;
		const [count, sound] = beeps[(this.state.seed + this.state.attention.length) % beeps.length];
		const missed = last ? [el("p", { className: "jnd-missed" }, `There were ${last.beeps} beeps; you counted ${last.answer}. The paper’s test would end here. Try again with another sound.`)] : [];
		const counts = [...new Set(beeps.map(([each]) => each))].sort((a, b) => a - b);
		const choices = [counts[0] - 1, ...counts, counts.at(-1) + 1].map((value) => ({ value, text: `${value}`, keys: `${value}` }));
		return [
			this.panel("Attention test: how many beeps?", [{ name: "Speech with beeps", audio: this.sounds[sound] }], choices, [
				...missed, el("p", {}, "How many beeps are there in the speech?"),
			], (answer) => {
				this.state.attention.push({ beeps: count, answer });
				this.save();
			}),
			this.status, this.tools(),
		];
	}
	teach(number) {
		const { taught, blocks } = this.test;
		const [block, step, told] = taught[number];
		this.title.textContent = `Practice ${number + 1} of ${taught.length}: this does not count`;
		const { strengths } = blocks[block];
		return this.pair(block, strengths[step], [el("p", {}, "Are the two sounds exactly the same?")], (different) => {
			const right = different === strengths[step] > 0;
			const go = button("next", () => {
				this.state.taught.push({ perturbation: blocks[block].perturbation, strength: strengths[step], different });
				this.save();
			}, ["Go on"], { className: "sound-tool listening-main", "aria-keyshortcuts": "Enter" });
			this.body.querySelector(".listening-choices").replaceWith(go);
			this.trial.next = go;
			go.focus({ preventScroll: true });
			this.say(`${right ? "Right" : "Not so"}: ${told}`);
		});
	}
	ask() {
		const { answers } = this.state;
		const { questions, blocks } = this.test;
		const { block, strength, sentinel } = this.question(this.plan, answers);
		const [round, place] = [Math.floor(answers.length / questions) + 1, answers.length % questions + 1];
		this.title.textContent = `Comparison ${answers.length + 1} of ${this.all} (block ${round}, ${place} of ${questions})`;
		const state = { role: "progressbar", "aria-label": "Answered", "aria-valuemin": 0, "aria-valuemax": this.all, "aria-valuenow": answers.length };
		const progress = bar("listening-progress", answers.length / this.all, state);
		return [progress, ...this.pair(block, strength, [el("p", {}, "Are the two sounds exactly the same?")], (different) => {
			const { plays, since } = this.trial;
			answers.push({
				perturbation: blocks[block].perturbation, reference: blocks[block].reference, strength, sentinel, different,
				seconds: +((performance.now() - since) / 1000).toFixed(1), replays: plays.map((count) => count - 1),
			});
			this.save();
		})];
	}
	/** A reference and a test sound, and the two answers. */
	pair(block, strength, lines, answer) {
		const { strengths, sounds } = this.test.blocks[block];
		const audio = [sounds[0], sounds[strengths.indexOf(strength)]].map((number) => this.sounds[number]);
		const choices = [
			{ value: false, text: "Exactly the same", sign: "←", keys: "ArrowLeft S" },
			{ value: true, text: "Different", sign: "→", keys: "ArrowRight D" },
		];
		return [
			this.panel("Listen and answer: are the two sounds exactly the same?", NAMES.map((name, k) => ({ name, audio: audio[k] })), choices, lines, answer),
			this.status,
			styled("p", "listening-help", "Keys: space plays both, A and B (or 1 and 2) one of them, ← or S is same, → or D is different."),
			this.tools(),
		];
	}
	tools() {
		return styled("div", "listening-tools", button("download", () => this.download(), [`Download answers${this.done ? "" : " so far"}`]),
			button("again", () => this.startAgain(), ["Start again"]));
	}

	play(numbers) {
		const { parts, heard, plays } = this.trial;
		if (this.sequence.now && numbers.length === 1 && this.sequence.now === parts[numbers[0]].name) return this.stop();
		this.say(this.trial.next ? this.status.textContent : "");
		this.sequence.play(numbers.map((k) => parts[k]), (name) => {
			plays[parts.findIndex((part) => part.name === name)]++;
			heard.add(name);
		});
	}
	stop() {
		this.sequence.stop();
		this.draw();
	}
	answered(value) {
		const missing = this.trial.parts.filter(({ name }) => !this.trial.heard.has(name)).map(({ name }) => name);
		if (missing.length) return this.say(`Please listen to ${missing.join(" and ")} to the end first.`);
		this.sequence.stop();
		this.trial.answer(value);
	}
	/** What changes while sounds are heard. text: what went wrong. */
	draw(text) {
		if (text) this.say(text);
		if (!this.trial) return;
		const { parts, heard } = this.trial;
		this.picks.forEach((pick, k) => {
			const { name } = parts[k];
			const sounds = this.sequence.now === name;
			const state = heard.has(name) ? "heard" : "not heard yet";
			pick.ariaPressed = sounds;
			pick.ariaLabel = `${sounds ? "Stop" : "Play"} ${name}, ${state}`;
			pick.querySelector("small").textContent = sounds ? "playing" : state;
		});
		for (const node of this.body.querySelectorAll("[name=answer]")) node.ariaDisabled = heard.size < parts.length;
	}
	keyed(event) {
		const { key: pressed, target, repeat, ctrlKey, altKey, metaKey } = event;
		if (!this.trial || repeat || ctrlKey || altKey || metaKey || target.closest("input, textarea, summary")) return;
		if (/^( |Enter)$/.test(pressed) && target.closest("button")) return; // which it presses
		const { parts, choices, next } = this.trial;
		const name = pressed.toUpperCase();
		const part = parts.length > 1 ? ["A1", "B2"].findIndex((keys) => keys.includes(name)) : -1;
		const choice = next ? null : choices.find(({ keys }) => keys.split(" ").includes(pressed.length > 1 ? pressed : name));
		if (pressed === " ") this.sequence.now ? this.stop() : this.play([...parts.keys()]);
		else if (pressed === "Enter" && next) next.click();
		else if (part >= 0) this.play([part]);
		else if (choice) this.answered(choice.value);
		else return;
		event.preventDefault();
	}

	end() {
		const { state, test, wrong } = this;
		this.title.textContent = `Thank you, ${state.listener}: all ${state.answers.length} are answered`;
		const sentinels = state.answers.filter(({ sentinel }) => sentinel).length;
		const missed = state.attention.length - 1;
		const verdict = wrong
			? `You answered ${wrong} of the ${sentinels} obvious pairs wrongly. The paper would have discarded all your answers. They are kept here, and the file says so.`
			: `You answered all ${sentinels} obvious pairs rightly: the paper would have kept your answers.`;
		const late = missed > 0 ? [el("p", { className: "jnd-missed" }, `You needed ${missed + 1} attempts at the attention test; the paper allowed one.`)] : [];
		const results = test.blocks.map((block) => {
			const own = state.answers.filter(({ perturbation, sentinel }) => perturbation === block.perturbation && !sentinel);
			return { block, own, found: this.estimate(own) };
		});
		const comment = el("textarea", { rows: 2, value: state.comment ?? "", oninput: () => {
			state.comment = comment.value;
			this.keep(() => localStorage.setItem(this.place, JSON.stringify(state)));
		} });
		return [
			el("p", { className: wrong ? "jnd-missed" : "" }, verdict), ...late,
			...results.flatMap((result) => this.result(result)),
			this.consistency(results),
			el("details", {}, el("summary", {}, "All answers"), el("ol", {}, ...state.answers.map((answer) => el("li", {}, this.told(answer))))),
			el("label", { className: "jnd-comment" }, "Comments, for the file ", comment),
			this.tools(), this.status,
		];
	}
	estimate(own) {
		return estimate(this.test.grid, own);
	}
	told({ perturbation, strength, sentinel, different, seconds }) {
		const { title } = this.test.blocks.find((block) => block.perturbation === perturbation);
		return `${title}, strength ${strength}${sentinel ? " (obvious)" : ""}: “${different ? "different" : "same"}” after ${seconds} s`;
	}
	/** A block's threshold on the curve of the paper’s listeners. */
	result({ block, own, found }) {
		const { title, thresholds, strengths, amounts, whose } = block;
		const text = found
			? `Your threshold: ${found.threshold.toFixed(1)} (${found.low} to ${found.high}), about where ${amounts[strengths.indexOf(nearest(strengths, found.threshold))]}. ` +
				`Of ${whose}, ${thresholds.filter((each) => each < found.threshold).length} had a smaller threshold and ${thresholds.filter((each) => each > found.threshold).length} a larger one.`
			: `You called all ${own.length} steps from ${Math.min(...own.map(({ strength }) => strength))} to ${Math.max(...own.map(({ strength }) => strength))} “${own[0].different ? "different" : "same"}”: no threshold can be told.`;
		return [styled("p", "listening-head", title), el("p", {}, text), plot(block, found)];
	}
	/** How many answers agree with the reader's own thresholds, as the paper counts. */
	consistency(results) {
		const margins = results.flatMap(({ own, found }) => (found ? own.map(({ strength, different }) => ({ margin: strength - found.threshold, different })) : []));
		const apart = margins.filter(({ margin }) => margin);
		const agree = apart.filter(({ margin, different }) => margin > 0 === different).length;
		return el("p", {}, `${agree} of ${plural(apart.length, "answer")} agree with your own thresholds${apart.length ? ` (${percent(agree / apart.length)})` : ""}; of the paper’s listeners’ answers to noises and MP3, ${(100 * this.test.agreement).toFixed(1)} % agree with theirs.`);
	}
}

/** The share of listeners whose threshold is no larger, and the reader on it. */
function plot({ title, thresholds }, found) {
	const { width, height, left, right, top, bottom } = PLOT;
	const x = (strength) => left + (width - left - right) * strength / LAST;
	const y = (share) => height - bottom - (height - top - bottom) * share;
	const draw = (tag, attributes, text = "") => {
		const node = document.createElementNS(SVG, tag);
		for (const name in attributes) node.setAttribute(name, attributes[name]);
		node.textContent = text;
		return node;
	};
	const share = (strength) => thresholds.filter((each) => each <= strength).length / thresholds.length;
	const ticks = [0, 25, 50, 75, 100];
	const path = thresholds.reduce((line, each, k) => `${line}H${x(each)}V${y((k + 1) / thresholds.length)}`, `M${x(0)} ${y(0)}`) + `H${x(LAST)}`;
	const told = found ? ` Yours is ${found.threshold.toFixed(1)}, at ${percent(share(found.threshold))}.` : "";
	const svg = draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", class: "jnd-plot", "aria-label": `${title}: share of the listeners whose threshold is no larger, over the strength.${told}` });
	svg.append(
		...ticks.map((tick) => draw("path", { class: "jnd-grid", d: `M${x(tick)} ${y(0)}V${y(1)}M${x(0)} ${y(tick / LAST)}H${x(LAST)}` })),
		...ticks.map((tick) => draw("text", { x: x(tick), y: y(0) + 15, "text-anchor": "middle" }, tick)),
		...[0, 50, 100].map((tick) => draw("text", { x: left - 6, y: y(tick / LAST) + 4, "text-anchor": "end" }, `${tick} %`)),
		draw("text", { x: 2, y: 12 }, "listeners with this threshold or a smaller one"),
		draw("text", { x: x(LAST / 2), y: height - 6, "text-anchor": "middle" }, "threshold (strength of the step)"),
		draw("path", { class: "jnd-listeners", d: path }),
	);
	if (found) {
		const at = share(found.threshold);
		const end = found.threshold > LAST / 2 ? { x: x(found.threshold) - 9, "text-anchor": "end", y: y(at) - 9 } : { x: x(found.threshold) + 9, y: y(at) + 18 };
		svg.append(
			draw("path", { class: "jnd-range", d: `M${x(found.low)} ${y(at)}H${x(found.high)}` }),
			draw("circle", { class: "jnd-own", cx: x(found.threshold), cy: y(at), r: 6 }),
			draw("text", { class: "jnd-you", ...end }, "you"),
		);
	}
	return svg;
}

function enhance() {
	for (const figure of document.querySelectorAll("figure.jnd-test[data-jnd]")) figure.jndTest ??= new JNDTest(figure);
}
enhance(); // the book loads its scripts when the page is there
new MutationObserver(enhance).observe(document.body, { childList: true, subtree: true });
})();
