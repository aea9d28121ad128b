/* Listening tests: one in each <figure class="listening-test" data-test="{...}">. Plain script; nothing is sent anywhere.
   Names of versions stay out of sight until the last answer. KINDS say how sounds are judged; all else is shared. */
(() => {
"use strict";
if (window.listeningTests) return; // a live notebook may load it twice

const FORMAT = "listening test answers 1"; // as in paper_code/listeners
const WARM_UP = 16; // as there, with random() and shuffled()
const FADE = 20; // ms
const TICK = 50; // ms
const SHORTEST = 0.5; // s that can be repeated, after ITU-R BS.1534
const GRADES = ["bad", "poor", "fair", "good", "excellent"]; // a fifth of the scale each, as there
const COLUMNS = ["test", "listener", "seed", "item", "place", "condition", "rating", "seconds"]; // as there
const letter = (k) => String.fromCharCode(65 + k);
const listed = (names) => new Intl.ListFormat("en").format(names);
const quoted = (value) => (/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);

/** An element; text stays text. */
function el(tag, properties, ...children) {
	const node = document.createElement(tag);
	for (const name in properties)
		if (name in node) node[name] = properties[name];
		else node.setAttribute(name, properties[name]);
	node.append(...children);
	return node;
}
const styled = (tag, className, ...children) => el(tag, { className }, ...children);
const key = (text) => el("kbd", { className: "sound-key", "aria-hidden": true }, text);
const button = (name, onclick, text, more) => el("button", { type: "button", className: "sound-tool", name, onclick, ...more }, ...text);
const bar = (className, share, more = { "aria-hidden": true }) => el("span", { className, ...more }, el("i", { style: `width:${100 * share}%` }));

/** Marsaglia's xorshift: whole numbers below a limit. */
function random(seed) {
	const next = () => {
		seed ^= seed << 13;
		seed ^= seed >>> 17;
		seed ^= seed << 5;
		return seed >>> 0;
	};
	for (let k = 0; k < WARM_UP; k++) next();
	return (limit) => Math.floor((next() * limit) / 2 ** 32);
}
function shuffled(list, below) {
	const order = [...list];
	for (let last = order.length - 1; last > 0; last--) {
		const other = below(last + 1);
		[order[last], order[other]] = [order[other], order[last]];
	}
	return order;
}

/** Lines of a result: a name, a bar and a text each. */
const bars = (head, rows) => [
	styled("p", "listening-head", head),
	styled("ul", "listening-bars", ...rows.map(({ name, role = "", share, text }) =>
		el("li", { "data-role": role }, styled("span", "", name), bar("listening-bar", share), styled("span", "listening-count", text)))),
];

/** Which part of the sounds is repeated: two sliders, closed at first. */
function repeat({ deck }) {
	const text = styled("span", "listening-value", "all");
	const ends = ["Repeat from", "Repeat to"].map((name, k) =>
		el("input", { type: "range", min: 0, max: 100, step: 1, value: 100 * k, className: "sound-slider listening-end", "aria-label": name }));
	const set = (moved) => {
		const length = deck.sounds[0].duration || SHORTEST;
		const least = Math.min(100, Math.ceil((100 * SHORTEST) / length));
		const [from, to] = ends;
		if (moved === from) from.value = Math.min(from.value, to.value - least);
		from.value = Math.min(from.value, 100 - least);
		to.value = Math.max(to.value, +from.value + least);
		deck.span = ends.map((end) => end.value / 100);
		const seconds = deck.span.map((share) => (share * length).toFixed(1));
		text.textContent = `${seconds.join(" to ")} s`;
		ends.forEach((end, k) => (end.ariaValueText = `${seconds[k]} seconds`));
	};
	for (const end of ends) end.oninput = () => set(end);
	return el("details", {}, el("summary", {}, "Repeat a part: ", text), ...ends);
}

/* keys: key -> answer.  ask: a trial's controls; those named "answer" stay closed until all sounds were heard, and
   while `lacking` names what is not answered.  then: what one does after listening.  told: an answer in words.
   results: elements for the end.  csv: the file of a finished test, where it is not JSON as before the end.
   practice: said in a first trial that is not kept, with the sounds of the last one (BS.1534 wants training).
   A trial: { item, shown }, as in the file. */
const KINDS = {
	pair: {
		noun: "Comparison",
		then: "choose",
		help: "Keys: A and B (or 1 and 2) play, space pauses, ← ↓ → choose.",
		keys: { ArrowLeft: ({ shown }) => shown[0], ArrowDown: () => null, ArrowRight: ({ shown }) => shown[1] },
		ask(form) {
			const { shown } = form.trial;
			const choice = (value, name, ...text) => button("answer", () => form.answer(value), text, { "aria-keyshortcuts": name });
			return [styled("div", "listening-picks", ...form.picks), form.line, el("p", {}, form.test.question),
				styled("div", "listening-choices",
					choice(shown[0], "ArrowLeft", key("←"), "A is better"),
					choice(null, "ArrowDown", key("↓"), "I don’t know"),
					choice(shown[1], "ArrowRight", "B is better", key("→")))];
		},
		told({ item, shown, answer }) {
			const was = shown.map((name, k) => `${letter(k)} was ${name}`);
			return `${item}: ${was.join(", ")}; your answer: ${answer ?? "I don’t know"}`;
		},
		/** A win is being called the better one; "I don't know" is a win for nobody. */
		results({ conditions, roles }, answers) {
			const line = (names, value, role = "") => {
				const met = answers.filter(({ shown }) => names.every((name) => shown.includes(name)));
				const won = met.filter(({ answer }) => answer === value).length;
				return { name: names.join(" – "), role, share: won / (met.length || 1), text: `${won} of ${met.length}` };
			};
			const pairs = conditions.flatMap((a, k) => conditions.slice(k + 1).map((b) => [a, b]));
			return [
				...bars("How often you called each version the better one", conditions.map((name, k) => line([name], name, roles[k]))),
				...bars("How often you did not know, pair by pair", pairs.map((pair) => line(pair, null))),
			];
		},
	},
	/* All versions at once, each from 0 to 100, beside the reference, which is hidden among them too. */
	mushra: {
		noun: "Trial",
		practice: "Nothing here is kept. Hear all sounds, learn how far apart they are, and try the sliders.",
		then: "go on",
		help: "Keys: R (or 0) plays the reference, A, B, … (or 1, 2, …) a version and goes to its slider, arrows rate, space pauses, Enter goes on.",
		keys: { Enter: (trial, draft) => draft },
		ask(form) {
			const { shown } = form.trial;
			const row = (pick, k) => {
				const value = el("span", { className: "listening-value", "aria-hidden": true }); // the slider says it
				const slider = el("input", { type: "range", min: 0, max: 100, step: 1, value: form.draft[k] ?? 0,
					className: "sound-slider listening-slider", "aria-label": `Rating of ${letter(k)}` });
				const tell = () => {
					const rating = form.draft[k];
					const grade = GRADES[Math.min(4, Math.floor(rating / 20))];
					slider.dataset.rated = rating !== null;
					value.textContent = rating === null ? "not rated" : `${rating} ${grade}`;
					slider.ariaValueText = rating === null ? "not rated yet" : `${rating}, ${grade}`;
				};
				const rate = () => {
					form.sketch(k, slider.valueAsNumber);
					tell();
				};
				// A zero may be meant too, and moves nothing: a click or a key on the slider is a rating.
				Object.assign(slider, { oninput: rate, onclick: rate, onkeyup: ({ key }) => /^(Arrow|Home|End|Page)/.test(key) && rate() });
				tell();
				return styled("div", "listening-row", pick, slider, value);
			};
			const grades = GRADES.map((name) => styled("span", "", name));
			return [el("p", {}, form.test.question, " One of them is the reference itself: it deserves 100."),
				form.picks[shown.length], form.line, repeat(form),
				el("div", { className: "listening-row listening-grades", "aria-hidden": true }, styled("span", ""), styled("span", "", ...grades), styled("span", "")),
				...form.picks.slice(0, shown.length).map(row),
				styled("div", "listening-tools", button("answer", () => form.answer(form.draft), [form.practising ? "Begin the test" : "Next"], { className: "sound-tool listening-main", "aria-keyshortcuts": "Enter" }))];
		},
		lacking: (draft) => draft.flatMap((rating, k) => (rating === null ? [letter(k)] : [])),
		told: ({ item, shown, answer }) => `${item}: ${shown.map((name, k) => `${letter(k)} was ${name}, you gave it ${answer[k]}`).join("; ")}`,
		results({ conditions, roles }, answers) {
			const line = (name, k) => {
				const given = answers.filter(({ shown }) => shown.includes(name)).map(({ shown, answer }) => answer[shown.indexOf(name)]);
				const mean = given.reduce((a, b) => a + b, 0) / given.length;
				return { name, role: roles[k], share: mean / 100, text: mean.toFixed(1) };
			};
			return bars("Your mean rating of each version, 0 to 100", conditions.map(line));
		},
		csv({ test, listener, seed, answers }) {
			const rows = answers.flatMap(({ item, shown, answer, seconds }) =>
				shown.map((name, k) => [test, listener, seed, item, letter(k), name, answer[k], seconds]));
			return [COLUMNS, ...rows].map((row) => row.map(quoted).join(",") + "\r\n").join("");
		},
	},
};

/** The sounds of one trial: they loop, one is heard at a time, and all stand at the same moment. */
class Deck {
	current = -1;
	wish = 0; // the newest wins over what is still being loaded
	span = [0, 1]; // the part that is repeated, in shares of the length

	constructor(sounds, changed) {
		Object.assign(this, { sounds, changed, heard: sounds.map(() => 0) });
		for (const audio of sounds) {
			audio.pause(); // the last trial may still be fading it out
			clearInterval(audio.fading);
			Object.assign(audio, { loop: true, preload: "auto", currentTime: 0, onpause: () => changed() });
		}
	}
	get audio() {
		return this.sounds[this.current];
	}
	get playing() {
		return this.audio?.paused === false;
	}
	async play(k = Math.max(0, this.current), at = this.audio?.currentTime ?? 0) {
		const stopped = this.stop();
		const { wish } = this;
		this.changing = true;
		await stopped;
		if (wish !== this.wish) return;
		this.current = k;
		const audio = this.audio;
		for (const other of document.querySelectorAll("audio")) other === audio || other.voice || other.pause();
		Object.assign(audio, { currentTime: (this.last = at), volume: 0 });
		try {
			await audio.play();
		} catch {
			return this.changed(wish === this.wish && "This sound could not be played.");
		}
		if (wish !== this.wish) return;
		this.changing = false;
		this.fade(audio, 1);
		this.timer ||= setInterval(() => this.tick(), TICK);
		this.changed();
	}
	async stop() {
		this.wish++;
		this.changing = false;
		const { audio, playing } = this;
		if (!playing) return;
		await this.fade(audio, 0);
		audio.pause();
	}
	fade(audio, to) {
		clearInterval(audio.fading);
		const [from, began] = [audio.volume, performance.now()];
		return new Promise((done) => {
			audio.fading = setInterval(() => {
				const part = Math.min(1, (performance.now() - began) / FADE);
				audio.volume = from + (to - from) * part;
				if (part === 1) done(clearInterval(audio.fading));
			}, 4);
		});
	}
	tick() {
		const { audio } = this;
		const passed = audio.currentTime - this.last;
		this.last = audio.currentTime;
		this.heard[this.current] += passed < 0 ? passed + audio.duration : passed;
		if (!audio.isConnected) audio.pause();
		if (audio.paused) this.timer = clearInterval(this.timer);
		else this.repeat(audio);
		this.changed();
	}
	/** Back to the beginning of the repeated part, from outside of it; what the listener asked for goes first. */
	repeat({ currentTime, duration }) {
		const [from, to] = this.span.map((share) => share * duration);
		const inside = currentTime >= from - TICK / 1000 && currentTime <= to - TICK / 1000;
		if (!inside && !this.changing && to - from !== duration) this.play(this.current, from);
	}
}

class ListeningTest {
	constructor(figure) {
		Object.assign(this, { test: JSON.parse(figure.dataset.test), sounds: figure.querySelectorAll("audio") });
		this.kind = KINDS[this.test.kind];
		this.place = `listening-test:${this.test.id}`;
		this.title = el("p", { className: "listening-title", "aria-live": "polite", tabIndex: -1 });
		this.body = el("div");
		this.body.onkeydown = (event) => this.keyed(event);
		this.status = el("p", { className: "listening-status", role: "status" });
		figure.querySelector(".listening-static").replaceWith(styled("div", "sound-deck listening", this.title, this.body));
		this.keep(() => this.take(JSON.parse(localStorage.getItem(this.place))));
		this.show();
	}
	get done() {
		return this.state.answers.length === this.order.length;
	}

	/** What to say of practice still to come. A draft is of a trial that counts. */
	get practising() {
		const { practised, draft, answers } = this.state;
		return !(practised || draft || answers.length) && this.kind.practice;
	}
	/** Where the browser keeps nothing, the answers live as long as the page. */
	keep(act) {
		try {
			act();
		} catch {
			this.forgetful = true;
		}
	}
	store() {
		this.keep(() => localStorage.setItem(this.place, JSON.stringify(this.state)));
	}
	save() {
		this.store();
		this.show(true);
	}
	/** Keep a part of an answer that is not given yet; none of the practice. */
	sketch(k, value) {
		this.draft[k] = value;
		if (!this.practising) this.state.draft = this.draft;
		this.store();
		this.draw();
	}
	back() {
		this.state.draft = this.state.answers.pop().answer;
		this.save();
	}
	/** Go on from { seed, listener, started, practised, answers, draft }, if that is a state of this test. */
	take(state) {
		const { seed, listener, started, practised, answers, draft } = state ?? {};
		if (!(seed > 0 && seed < 2 ** 32 && Array.isArray(answers))) return false;
		const { items, conditions, trials } = this.test;
		const below = random(seed);
		const order = shuffled(trials, below).map(([item, names]) => ({
			item: items[item],
			shown: shuffled(names, below).map((k) => conditions[k]),
		}));
		const same = ({ item, shown }, k) => JSON.stringify({ item, shown }) === JSON.stringify(order[k]);
		if (!answers.every(same)) return false;
		const last = order.at(-1);
		Object.assign(this, { order, rehearsal: { ...last, shown: shuffled(last.shown, below) }, state: { seed, listener, started, practised, answers, draft } });
		return true;
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
		this.take({ seed, listener: name.trim() || `listener ${seed}`, started: new Date().toISOString(), answers: [] });
		this.save();
	}
	startAgain() {
		if (!confirm(`Start again? Your answers (${this.state.answers.length}) are deleted from this browser.`)) return;
		this.state = null;
		this.save();
	}
	download() {
		const { id, name, kind } = this.test;
		const complete = this.done;
		const content = { format: FORMAT, test: id, name, kind, complete, saved: new Date().toISOString(), ...this.state };
		const csv = complete && this.kind.csv?.(content);
		const [text, type, file] = csv ? [csv, "text/csv", "ratings"] : [JSON.stringify(content, null, 1), "application/json", "answers"];
		const href = URL.createObjectURL(new Blob([text], { type }));
		el("a", { href, download: `${file} ${content.listener}${complete ? "" : " (partial)"}.${type.split("/")[1]}` }).click();
		complete || this.say("The file names the versions: do not read it before the end.");
	}
	answer(value) {
		const waiting = this.waiting().map((k) => this.label(k));
		if (waiting.length) return this.say(`Please listen to ${listed(waiting)} first, then ${this.kind.then}.`);
		const lacking = this.lacking();
		if (lacking.length) return this.say(`Please rate ${listed(lacking)} too.`);
		const seconds = +((performance.now() - this.since) / 1000).toFixed(1);
		if (this.practising) this.state.practised = true;
		else this.state.answers.push({ ...this.trial, answer: value, seconds });
		delete this.state.draft;
		this.save();
	}
	/** Parts of the answer that are not given. */
	lacking() {
		return this.kind.lacking?.(this.draft) ?? [];
	}
	/** What a sound is called; the open reference comes after the versions. */
	label(k) {
		return k < this.trial.shown.length ? letter(k) : "Reference";
	}
	/** Sounds not heard long enough. */
	waiting() {
		const { sounds, heard } = this.deck;
		return [...heard.keys()].filter((k) => !(heard[k] && heard[k] >= Math.min(this.test.hear, 0.95 * sounds[k].duration)));
	}
	say(text) {
		this.status.textContent = text;
	}
	/** Draw what the state asks for. moved: the listener did something, and the focus follows. */
	show(moved) {
		this.deck?.stop();
		this.deck = null;
		this.say("");
		this.body.replaceChildren(...(!this.state ? this.welcome() : this.done ? this.end() : this.ask()));
		this.draw();
		if (moved) (this.body.querySelector("[tabindex]") ?? this.title).focus({ preventScroll: true });
	}
	welcome() {
		const { trials, items, conditions } = this.test;
		const name = el("input", { type: "text", maxLength: 40 });
		const file = el("input", { type: "file", accept: ".json", hidden: true, onchange: () => this.resume(file.files[0]) });
		const form = styled("form", "listening-tools", el("label", {}, "A nickname, for the file ", name),
			styled("button", "sound-tool listening-main", "Start"), button("resume", () => file.click(), ["Go on from a file"]), file);
		form.onsubmit = (event) => {
			event.preventDefault();
			this.start(name.value);
		};
		this.title.textContent = `${this.kind.noun}s: ${trials.length}`;
		return [
			el("p", {}, `${items.length} sounds in ${conditions.length} versions, in random order and without names.${this.kind.practice ? " Practice comes first." : ""} Stop when you like and go on later in this browser.`),
			el("p", {}, "Nothing is sent anywhere: answers stay in this browser until you download them."),
			form, this.status,
		];
	}
	ask() {
		const { items, conditions, sounds, references, question } = this.test;
		const [answered, all] = [this.state.answers.length, this.order.length];
		const practice = this.practising;
		const { item, shown } = (this.trial = practice ? this.rehearsal : this.order[answered]);
		const place = items.indexOf(item);
		const numbers = shown.map((name) => sounds[place][conditions.indexOf(name)]).concat(references?.[place] ?? []);
		this.draft = shown.map((_, k) => { // of a file, perhaps: anything may stand there
			const rating = this.state.draft?.[k];
			return Number.isFinite(rating) && rating >= 0 && rating <= 100 ? Math.round(rating) : null;
		});
		this.since = performance.now();
		this.deck = new Deck(numbers.map((number) => this.sounds[number]), (text) => this.draw(text));
		this.picks = numbers.map((_, k) => {
			const name = this.label(k);
			const sign = k < shown.length ? k + 1 : 0;
			const text = [key(sign), styled("span", "sound-text", el("b", {}, name), el("small"))];
			return button("play", () => this.pick(k), text, { className: "sound-pick", "aria-keyshortcuts": `${name[0]} ${sign}` });
		});
		this.line = bar("listening-line", 0);
		const state = { role: "progressbar", "aria-label": "Answered", "aria-valuemin": 0, "aria-valuemax": all, "aria-valuenow": answered };
		const progress = bar("listening-progress", answered / all, state);
		this.title.textContent = practice ? "Practice: this does not count" : `${this.kind.noun} ${answered + 1} of ${all}`;
		const panel = el("div", { className: "listening-panel", role: "group", tabIndex: 0, "aria-label": `Listen and choose. ${question}` },
			...(practice ? [el("p", {}, practice)] : []), ...this.kind.ask(this));
		if (this.forgetful) this.say("This browser keeps nothing: download your answers before you leave the page.");
		return [progress, panel, this.status, styled("p", "listening-help", this.kind.help), this.tools()];
	}
	end() {
		const { answers, listener } = this.state;
		const { told, results } = this.kind;
		this.title.textContent = `Thank you, ${listener}: all ${answers.length} are answered`;
		return [
			...results(this.test, answers),
			el("details", {}, el("summary", {}, "What was what"), el("ol", {}, ...answers.map((answer) => el("li", {}, told(answer))))),
			this.tools(), this.status,
		];
	}
	tools() {
		const back = this.state.answers.length && !this.done ? [button("back", () => this.back(), ["Back to the last one"])] : [];
		const text = `Download ${!this.done ? "answers so far" : this.kind.csv ? "ratings" : "answers"}`;
		const save = this.practising ? [] : [button("download", () => this.download(), [text])];
		return styled("div", "listening-tools", ...back, ...save,
			button("again", () => this.startAgain(), ["Start again"]));
	}
	pick(k) {
		this.say("");
		k === this.deck.current && this.deck.playing ? this.deck.stop() : this.deck.play(k);
	}
	/** What changes while sounds are heard. text: what went wrong. */
	draw(text) {
		const { deck } = this;
		if (!deck) return; // the last sound was still fading
		text && this.say(text);
		const waiting = this.waiting();
		this.picks.forEach((pick, k) => {
			const sounds = k === deck.current && deck.playing;
			const heard = waiting.includes(k) ? "not heard yet" : "heard";
			pick.ariaPressed = sounds;
			pick.ariaLabel = `${sounds ? "Pause" : "Play"} ${this.label(k)}, ${heard}`;
			pick.querySelector("small").textContent = sounds ? "playing" : heard;
		});
		const closed = waiting.length + this.lacking().length > 0;
		for (const node of this.body.querySelectorAll("[name=answer]")) node.ariaDisabled = closed;
		this.line.firstChild.style.width = `${(100 * (deck.audio?.currentTime ?? 0)) / (deck.audio?.duration || 1)}%`;
	}
	keyed(event) {
		const { key, target, repeat, ctrlKey, altKey, metaKey } = event;
		if (!this.deck || ctrlKey || altKey || metaKey) return;
		const { deck, picks, trial } = this;
		const value = this.kind.keys[key];
		const letters = /^[a-z]$/i.test(key) ? parseInt(key, 36) - 10 : key - 1;
		const number = /^[r0]$/i.test(key) ? trial.shown.length : letters < trial.shown.length ? letters : -1;
		if (/^( |Enter)$/.test(key) && target.closest("button")) return; // which it presses
		if (key === " ") {
			if (!repeat) deck.playing ? deck.stop() : deck.play();
		} else if (value) repeat || this.answer(value(trial, this.draft));
		else if (picks[number]) {
			(number === deck.current && deck.playing) || this.pick(number);
			this.body.querySelectorAll(".listening-slider")[number]?.focus();
		} else return;
		event.preventDefault();
	}
}

window.listeningTests = { el, styled, key, button, bar, random, shuffled }; // for other tests: jnd_test.js
function enhance() {
	for (const figure of document.querySelectorAll("figure.listening-test[data-test]")) figure.listeningTest ??= new ListeningTest(figure);
}
enhance(); // the book loads its scripts when the page is there
new MutationObserver(enhance).observe(document.body, { childList: true, subtree: true });
})();
