"use strict";
// Everything from hosts is put on the page as text, never as markup.
const { audit, checks, groups, left_out } = JSON.parse(document.getElementById("data").textContent);
const VERDICTS = [["ready", "ready"], ["not-ready", "not ready"], ["undetermined", "undetermined"]];
const NEEDS = { nothing: "as any user", privilege: "as root, no reboot", reboot: "a reboot", rebuild: "a rebuilt kernel" };
const TAKES = { ...NEEDS, "own-report": "as their own reports say", looks: "changes nothing, only looks", perhaps: "not known whether it helps", program: "in the program, not on the host", "no-known-fix": "no known fix" };
const takes = list => !list.length ? "" : list.length === 1 ? TAKES[list[0].what] : list.map(one => `${hosts(one.hosts)}: ${TAKES[one.what]}`).join("; ");
// What the fixes of a cause take, on how many hosts each.
function takesOf(cause) {
  const hosts = {};
  const add = (what, count) => { hosts[what] = (hosts[what] || 0) + (count || 0); };
  for (const fix of cause.fixes) add(fix.takes, fix.hosts);
  add("own-report", cause.other_fixes);
  add("no-known-fix", cause.without_fix);
  return Object.keys(TAKES).filter(what => hosts[what]).map(what => ({ what, hosts: hosts[what] }));
}
const page = document.getElementById("page");

// ---- Making elements -------------------------------------------------------------------
function el(name, properties, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(properties || {})) {
    if (key === "class") node.className = value;
    else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== false) node.setAttribute(key, value);
  }
  node.append(...children.flat().filter(child => child !== null && child !== undefined && child !== false));
  return node;
}
function svg(name, properties, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(properties || {})) node.setAttribute(key, value);
  node.append(...children.flat());
  return node;
}
const number = value => value.toLocaleString("en");
const many = (value, one, more) => value === 1 ? "1 " + one : `${number(value)} ${more || one + "s"}`;
const hosts = value => many(value, "host");
function percent(part, whole) {
  const share = whole ? part * 100 / whole : 0;
  if (share > 0 && share < 0.5) return "<1%";
  if (share < 100 && share >= 99.5) return ">99%";
  return Math.round(share) + "%";
}
const tags = (list, style) => list.map(text => el("span", { class: "tag " + (style || "") }, text));
const FEW = 3;
const examples = (some, before = "", after = "", most = FEW) => {
  const names = some.examples.slice(0, most);
  return names.length ? before + names.join(", ") + (names.length < some.hosts ? ", …" : "") + after : "";
};
// The first of some names, none of which is broken at its hyphens.
const names = (some, all, most = FEW) => some.slice(0, most).map((name, index, shown) => el("span", { class: "name" }, name + (index + 1 < shown.length ? ", " : all > shown.length ? ", …" : "")));
// How many hosts, and the first of them.
const counted = some => some.hosts ? [number(some.hosts) + (some.examples.length ? ": " : ""), ...names(some.examples, some.hosts)] : [];
// The first names and, behind a click, up to a thousand.
const named = some => some.examples.length > FEW
  ? el("details", {}, el("summary", {}, names(some.examples, some.hosts)), el("div", { class: "names" }, names(some.examples, some.hosts, some.examples.length)))
  : names(some.examples, some.hosts);
const counts = (list, told) => {
  const shown = list.most.slice(0, told).map(one => `${one.value} (${number(one.hosts)})`);
  const rest = list.different - shown.length;
  return shown.join(", ") + (rest > 0 ? ` and ${number(rest)} more` : "");
};
function section(title, ...children) {
  const node = el("section", {}, el("h2", {}, title), children);
  page.append(node);
  return node;
}

// ---- Charts ----------------------------------------------------------------------------
function verdictBar(verdicts, width, height) {
  const total = VERDICTS.reduce((sum, [key]) => sum + verdicts[key], 0);
  let x = 0;
  const label = VERDICTS.map(([key, word]) => `${number(verdicts[key])} ${word}`).join(", ");
  const parts = VERDICTS.map(([key]) => {
    const part = total ? verdicts[key] / total * width : 0;
    const rect = svg("rect", { class: key, x, y: 0, width: part, height });
    x += part;
    return rect;
  });
  return svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label, preserveAspectRatio: "none" },
    svg("title", {}, label), svg("rect", { class: "soft", width, height }), parts);
}
function planChart(plan, ready, total) {
  const steps = [{ changes: 0, checks: [], ready }, ...plan.steps].slice(0, 21);
  const width = 720, height = 190, left = 8, bottom = 24;
  const slot = (width - left) / steps.length;
  const scale = value => (height - bottom - 22) * value / (total || 1);
  const bars = steps.map((step, index) => {
    const x = left + index * slot + slot * .12, w = slot * .76, base = height - bottom;
    return svg("g", {},
      svg("title", {}, `${hosts(step.ready)} ready after mending ${step.checks.join(", ") || "nothing"}`),
      svg("rect", { class: "soft", x, y: base - scale(total), width: w, height: scale(total) }),
      svg("rect", { class: "ready", x, y: base - scale(step.ready), width: w, height: scale(step.ready), opacity: index ? .72 : 1 }),
      svg("text", { x: x + w / 2, y: base - scale(total) - 6, "text-anchor": "middle" }, percent(step.ready, total)),
      svg("text", { x: x + w / 2, y: height - 7, "text-anchor": "middle" }, index ? step.changes : "now"));
  });
  return el("div", {}, svg("svg", { class: steps.length > 9 ? "chart many" : "chart", viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": "Hosts ready after so many changes" }, bars),
    el("p", { class: "dim small" }, "share of hosts that are ready, by the number of changes"));
}

// ---- Tables ----------------------------------------------------------------------------
// columns: {name, number, value(row) to sort by, show(row)}; detail(row) is made when it is opened.
// Needs of software have names of several words, which may take several lines; ids have one.
const checkName = check => el("code", { class: check.includes(" ") ? "long" : "" }, check);
function table(columns, rows, { detail, step = 25, sort, descending = true } = {}) {
  const head = el("tr"), body = el("tbody");
  const more = el("button", { class: "more", onclick: () => { shown += step * 4; draw(); } });
  let shown = step, by = sort, down = descending, list = rows;
  columns.forEach((column, index) => {
    const cell = el("th", { class: column.number ? "number" : "", scope: "col" },
      column.value ? el("button", { onclick: () => { down = by === index ? !down : Boolean(column.number); by = index; draw(); } }, column.name) : column.name);
    head.append(cell);
  });
  function draw() {
    let ordered = list;
    if (by !== undefined) {
      const value = columns[by].value;
      ordered = [...list].sort((a, b) => {
        const x = value(a), y = value(b);
        const order = typeof x === "number" ? x - y : String(x).localeCompare(String(y), "en", { numeric: true });
        return down ? -order : order;
      });
    }
    [...head.children].forEach((cell, index) =>
      index === by ? cell.setAttribute("aria-sort", down ? "descending" : "ascending") : cell.removeAttribute("aria-sort"));
    body.replaceChildren(...ordered.slice(0, shown).map(row => {
      const line = el("tr", {}, columns.map(column => el("td", { class: column.number ? "number" : "", "data-name": column.name }, column.show(row))));
      if (detail) {
        line.className = "row";
        const first = line.firstChild;
        // A button is what keys and screen readers know how to open; a click anywhere in the row does the same.
        const opener = el("button", { class: "opener", "aria-expanded": "false", "aria-label": `${columns[0].name} ${first.textContent}: details` });
        first.prepend(opener);
        line.addEventListener("click", event => {
          // Whoever marks text to copy it opens nothing.
          if (event.target !== opener && String(getSelection())) return;
          const open = line.classList.toggle("open");
          opener.setAttribute("aria-expanded", String(open));
          if (open) line.after(el("tr", { class: "detail" }, el("td", { colspan: columns.length }, detail(row))));
          else line.nextSibling.remove();
        });
      }
      return line;
    }));
    const rest = ordered.length - shown;
    more.hidden = rest <= 0;
    more.textContent = `show more (${number(rest)} left)`;
  }
  draw();
  return {
    node: el("div", {}, el("div", { class: "scroll" }, el("table", {}, el("thead", {}, head), body)), more),
    set(rows) { list = rows; shown = step; draw(); },
  };
}

// ---- The parts of the page -------------------------------------------------------------
function top() {
  const { verdicts, reports } = audit;
  page.append(el("h1", {}, "BPF readiness of the fleet"),
    el("p", { class: "dim" }, `${many(reports.read, "report")} from ${reports.oldest || "?"} to ${reports.newest || "?"}; audit of ${audit.generated_at}`),
    el("div", { class: "tiles" },
      el("div", { class: "tile" }, el("b", {}, number(audit.hosts)), audit.hosts === 1 ? "host" : "hosts"),
      VERDICTS.map(([key, word]) => el("div", { class: "tile" }, el("b", { class: key }, number(verdicts[key])), `${word} (${percent(verdicts[key], audit.hosts)})`))),
    verdictBar(verdicts, 1240, 14));
  const notes = [];
  if (reports.superseded) notes.push(`${many(reports.superseded, "report does", "reports do")} not count, because there is a newer one of the same host, or the same again${examples(reports.repeated, " (", ")")}`);
  const { partly } = audit;
  if (partly.hosts) notes.push(`${hosts(partly.hosts)} only partly looked at, by --only, --skip or --profile${examples(partly, " (", ")")}: ${partly.ready === partly.hosts ? "" : `of these ${number(partly.hosts)}, ${partly.ready === 1 ? "1 is" : `${number(partly.ready)} are`} `}ready as far as that goes`);
  if (partly.unasked) notes.push(`${hosts(partly.unasked.hosts)} whose reports do not tell of all software that was named: without an answer, unless something fails that it needs (check --profile there)${examples(partly.unasked, ": ")}`);
  if (partly.one_suffices) notes.push(`on ${hosts(partly.one_suffices.hosts)} ready means that one of the software that was asked for runs (fleet --by profile tells each, --profile NAME judges by one)`);
  for (const [one, other] of partly.reworded || []) notes.push(`doctors of different versions tell of ${one} and of ${other}: that may be one need in other words, which counts as two causes here`);
  if (partly.narrowed.hosts) notes.push(`${hosts(partly.narrowed.hosts)} with an older report that looked at all: the newer one counts${examples(partly.narrowed, ": ")}`);
  if (reports.future) notes.push(`${many(reports.future, "report")} of a time more than a day from now: a clock is wrong; ${reports.future === 1 ? "it counts" : "they count"} where a host has no other (${hosts(reports.of_future.hosts)}${examples(reports.of_future, ": ")})`);
  if (reports.labels_left_out) notes.push(`labels of ${hosts(reports.labels_left_out.hosts)} left out${reports.labels_left_out.labels.length ? ` (no host has ${reports.labels_left_out.labels.slice(0, 5).join(", ")}${reports.labels_left_out.labels.length > 5 ? ", …" : ""})` : ""}: there was no room for so many values; the hosts count all the same, but are in no group by those`);
  if (reports.renamed.length) notes.push(`one machine id, several names: ${reports.renamed.slice(0, 5).map(names => names.join(" = ")).join("; ")} (copies of one image?)`);
  if (reports.namesakes) notes.push(`${hosts(reports.namesakes.hosts)} with a name that another one has, by another machine id (${reports.namesakes.examples.slice(0, FEW).join(", ")}${reports.namesakes.examples.length > FEW ? ", …" : ""}): installed anew, or one name given twice? Each counts; where it was installed anew, leave out the older report`);
  if (reports.unnamed) notes.push(`${hosts(reports.unnamed)} without a name of ${reports.unnamed === 1 ? "its" : "their"} own: each report counts as a host, and the very same one again does not`);
  if (reports.passed_over) notes.push(`${many(reports.passed_over, "other file was", "other files were")} passed over`);
  if (notes.length) page.append(el("div", { class: "dim small" }, notes.map(note => el("p", {}, note))));
}
const byCatalogue = row => row.other_catalogue ? `; ${number(row.other_catalogue.hosts)} of them judged by another catalogue then` : "";
const became = row => row.change === "gone" && !row.cured.hosts ? "gone with its hosts"
  : ({ unseen: "no answer any more", seen: "not known before", moved: "on other hosts" })[row.change] || row.change;
const withHosts = row => (row.gone_hosts && (row.now || row.cured.hosts) ? `; ${hosts(row.gone_hosts)} that had it ${row.gone_hosts === 1 ? "is" : "are"} gone` : "")
  + (row.new_hosts ? `; ${hosts(row.new_hosts)} that ${row.new_hosts === 1 ? "has it is" : "have it are"} new` : "");
function since() {
  const changes = audit.changes;
  if (!changes) return;
  const rows = [["broke", "not-ready"], ["worse", "not-ready"], ["unclear", "undetermined"], ["rejudged", "undetermined"], ["became_ready", "ready"], ["new", ""], ["gone", ""], ["again", ""]].filter(([key]) => changes[key]);
  const always = ["broke", "became_ready", "new", "gone"];
  const words = { broke: "broke", worse: "not ready for another cause", unclear: "unclear: what decides is not known or was not looked at", rejudged: "judged otherwise: the same fails, and the doctor weighs it in another way", became_ready: "became ready", new: "new", gone: "gone", again: "of the new ones have the name of one that is gone, by another machine id, as where installed anew" };
  const node = section(`Since ${changes.newest_before || "then"} (${hosts(changes.hosts_before)} then: ${number(changes.verdicts_before.ready)} ready, ${number(changes.verdicts_before["not-ready"])} not ready, ${number(changes.verdicts_before.undetermined)} undetermined${changes.unasked_before ? `, ${number(changes.unasked_before)} of which were not asked for this software` : ""})`, el("div", { class: "tiles" }, rows.filter(([key]) => changes[key].hosts || always.includes(key)).map(([key, style]) =>
    el("div", { class: "tile" }, el("b", { class: changes[key].hosts ? style : "dim" }, number(changes[key].hosts)), words[key],
      el("div", { class: "dim small" }, named(changes[key]))))));
  if (changes.swapped) node.append(el("p", {}, "The baseline is newer than the reports: are the two swapped?"));
  const other = changes.other_catalogue;
  if (other) node.append(el("p", {}, `${hosts(other.hosts)} ${other.hosts === 1 ? "was" : "were"} judged by another catalogue then, as by another version of the doctor: what turned there may be the catalogue's work and not the host's; bpf-doctor check --from OLD -o NEW, for each report of then, judges both times alike`));
  if (changes.causes.length) node.append(table([
    { name: "Check", value: row => row.check, show: row => checkName(row.check) },
    { name: "Before", number: true, value: row => row.before, show: row => number(row.before) },
    { name: "Now", number: true, value: row => row.now, show: row => number(row.now) },
    { name: "Change", value: row => row.change, show: row => became(row) + byCatalogue(row) + withHosts(row) },
    { name: audit.fail_on === "strict" ? "Not ok now on" : "Fails now on", show: row => counted(row.appeared).concat(row.unseen_before ? `${row.appeared.hosts ? "; and on " : ""}${number(row.unseen_before)} of which it was not known` : []) },
    { name: audit.fail_on === "strict" ? "Ok now on" : "Cured on", show: row => counted(row.cured) },
  ], changes.causes, { step: 10 }).node);
  if (changes.kernels.length) node.append(table([
    { name: "Kernel then", value: row => row.from, show: row => row.from },
    { name: "Kernel now", value: row => row.to, show: row => row.to },
    { name: "Hosts", number: true, value: row => row.hosts, show: row => number(row.hosts) },
    { name: "Became ready", number: true, value: row => row.became_ready, show: row => number(row.became_ready) },
    { name: "Broke", number: true, value: row => row.broke, show: row => number(row.broke) },
  ], changes.kernels, { step: 10 }).node);
}
function plan() {
  const { plan, verdicts } = audit;
  if (!plan.steps.length && !plan.stuck && !(plan.undecided && verdicts["not-ready"])) return;
  section("What to mend first", plan.steps.length > 0 && planChart(plan, verdicts.ready, audit.hosts), plan.steps.length > 0 && table([
    { name: "Changes", number: true, value: row => row.changes, show: row => number(row.changes) + (row.checks.length > row.changes ? ` (mends ${number(row.checks.length)} causes)` : "") },
    { name: "Become ready", number: true, value: row => row.gained, show: row => "+" + number(row.gained) },
    { name: "Ready in all", number: true, value: row => row.ready, show: row => number(row.ready) },
    { name: "Takes", show: row => takes(row.takes) },
    { name: "Which", show: row => tags(row.checks.slice(0, row.changes)).concat(row.along ? ["the same work mends as well: "] : [], tags(row.along || [])) },
  ], plan.steps, { step: 8 }).node,
    !plan.exact && el("p", { class: "dim small" }, plan.exact_up_to ? `Approximate: sets of ${plan.exact_up_to === 1 ? "one change" : `up to ${plan.exact_up_to} changes`} are the best there are; larger ones are good, and with so many causes not all were tried.` : "Approximate: with so many causes not all sets of them were tried."),
    plan.unseen > 0 && el("p", { class: "dim small" }, `On ${hosts(plan.unseen)} other checks can't be made before: more may fail there then.`),
    plan.stuck > 0 && el("p", { class: "dim small" }, `Nothing that is known makes ${hosts(plan.stuck)} ready: for a cause there no fix is known, or only one of which it is not known whether it helps, or what looks and changes nothing, or what is done in the program, which runs then on a host that is found as it was.`),
    plan.undecided > 0 && el("p", { class: "dim small" }, `${hosts(plan.undecided)} ${plan.undecided === 1 ? "is" : "are"} made ready by no change: something that matters is unknown there${plan.undecided_by ? ` (${counts(plan.undecided_by, 3)})` : ""}.`));
}
function causeDetail(cause) {
  return el("div", {},
    el("p", {}, cause.title),
    cause.unknown > 0 && el("p", { class: "small" }, `without an answer on ${cause.unknown === cause.hosts ? "all of them" : hosts(cause.unknown)}, which counts like a failure here`),
    el("p", { class: "small" }, el("span", { class: "dim" }, "Kernels: "), counts(cause.kernels, 6)),
    el("p", { class: "small" }, el("span", { class: "dim" }, "Distributions: "), counts(cause.distributions, 6)),
    el("p", { class: "small" }, el("span", { class: "dim" }, "Why: "), counts(cause.reasons, 3)),
    cause.together && el("p", { class: "small" }, `${many(cause.together.hosts, "host becomes", "hosts become")} ready together with ${cause.together.with}` + (cause.together.same_commands ? ", mostly by the same commands" : "")),
    cause.same_change && el("p", { class: "small" }, `On ${hosts(cause.same_change_hosts)} one change mends as well what they have of ${cause.same_change.join(", ")}`),
    cause.alone_unseen > 0 && el("p", { class: "small" }, `On ${hosts(cause.alone_unseen)} of those it makes ready other checks can't be made while it fails: more may fail there then`),
    cause.fixes.slice(0, 12).map(fix => el("div", {},
      el("p", {}, el("b", {}, hosts(fix.hosts)), el("span", { class: "dim" }, ` (${examples(fix, "", "; ")}${TAKES[fix.takes]}): `), fix.summary),
      fix.commands && el("pre", {}, fix.commands.join("\n")),
      fix.risk && el("p", { class: "small dim" }, "Risk: " + fix.risk),
      fix.others && el("p", { class: "small dim" }, "Or: " + fix.others.join("; ")))),
    cause.fixes.length > 12 && el("p", { class: "dim" }, `and ${many(cause.fixes.length - 12, "more group", "more groups")} of hosts with other commands`),
    cause.other_fixes > 0 && el("p", { class: "dim" }, `${hosts(cause.other_fixes)} with commands of their own: see their reports`),
    cause.without_fix > 0 && el("p", { class: "dim" }, `${hosts(cause.without_fix)} without a fix that is known`));
}
function causeTable(title, causes) {
  if (!causes.length) return;
  section(title, table([
    { name: "Check", value: row => row.check, show: row => checkName(row.check) },
    { name: "Severity", value: row => ["info", "warning", "error"].indexOf(row.severity), show: row => row.severity },
    { name: "Hosts", number: true, value: row => row.hosts, show: row => number(row.hosts) },
    { name: "Share", number: true, value: row => row.hosts, show: row => percent(row.hosts, audit.hosts) },
    // What does not count makes no host ready.
    ...(causes.some(row => row.alone) ? [{ name: "Ready by it alone", number: true, value: row => row.alone, show: row => number(row.alone) }] : []),
    { name: "Takes", value: row => ["nothing", "privilege", "reboot", "rebuild"].indexOf(row.needs), show: row => takes(takesOf(row)) },
    { name: "What fails", value: row => row.title, show: row => row.title },
  ], causes, { sort: 2, detail: causeDetail, step: 20 }).node);
}
function groupTables() {
  if (!audit.groups.length) return;
  const columns = [
    { name: "Group", value: row => row.value, show: row => row.value },
    { name: "Hosts", number: true, value: row => row.hosts, show: row => number(row.hosts) },
    { name: "Ready", number: true, value: row => row.verdicts.ready / row.hosts, show: row => percent(row.verdicts.ready, row.hosts) },
    { name: "", show: row => el("div", { class: "bar" }, verdictBar(row.verdicts, 130, 12)) },
    { name: "Not ready", number: true, value: row => row.verdicts["not-ready"], show: row => number(row.verdicts["not-ready"]) },
    { name: "Causes", show: row => row.causes.map(cause => el("span", { class: "tag" }, `${cause.value} (${number(cause.hosts)})`)).concat(row.more_causes ? [`and ${number(row.more_causes)} more`] : []) },
  ];
  const place = el("div"), tabs = el("div", { class: "tabs" });
  audit.groups.forEach((grouping, index) => {
    const button = el("button", { "aria-pressed": "false", onclick: () => {
      for (const other of tabs.children) other.setAttribute("aria-pressed", String(other === button));
      place.replaceChildren(table(columns, grouping.groups, { sort: 1, step: 15 }).node,
        grouping.different > grouping.groups.length ? el("p", { class: "dim small" }, `the largest of ${number(grouping.different)}`) : "");
    } }, `${grouping.by} (${number(grouping.different)})`);
    tabs.append(button);
    if (index === 0) button.click();
  });
  section("By what hosts have in common", tabs, place);
}
function outliers() {
  if (!audit.outliers.hosts) return;
  section(`Outliers: ${hosts(audit.outliers.hosts)} unlike the others of their kernel and distribution`,
    el("p", { class: "dim small" }, `Looked for where ${audit.outliers.least_hosts} hosts or more have one kernel, distribution and machine, and ${audit.outliers.alike_percent}% of them fail the same checks.`), table([
    { name: "Hosts", number: true, value: row => row.hosts, show: row => number(row.hosts) },
    { name: "Of", number: true, value: row => row.of, show: row => number(row.of) },
    { name: "Kernel", value: row => row.kernel, show: row => row.kernel },
    { name: "Distribution", value: row => row.distribution, show: row => row.distribution },
    { name: "Fails", show: row => tags(row.more, "blocks") },
    { name: "Does not fail", show: row => tags(row.fewer) },
    { name: "Such as", show: row => names(row.examples, row.hosts) },
  ], audit.outliers.most, { step: 8 }).node);
}
function unknowns() {
  if (!audit.unknowns.length) return;
  section("Unknown", table([
    { name: "Check", value: row => row.check, show: row => checkName(row.check) },
    { name: "Severity", value: row => ["info", "warning", "error"].indexOf(row.severity), show: row => row.severity },
    { name: "Hosts", number: true, value: row => row.hosts, show: row => number(row.hosts) },
    { name: "Verdict waits", number: true, value: row => row.waits, show: row => row.waits === row.decides ? number(row.waits) : `${number(row.waits)} (${number(row.decides)} for it alone)` },
    { name: "In the way", show: row => counts(row.reasons, 1) },
  ], audit.unknowns, { step: 8, detail: row => el("div", {}, el("p", {}, row.title),
    row.reasons.most.map(one => el("p", { class: "small" }, `${hosts(one.hosts)}: ${one.value}`)),
    row.grant.map(line => line.startsWith("$ ") ? el("pre", {}, line.slice(2)) : el("p", {}, "→ " + line))) }).node);
}
function hostGroups() {
  const input = el("input", { type: "search", placeholder: "web-17, 5.10, debian 12, not ready …", "aria-label": "Search hosts by name, kernel, distribution, verdict, or check that fails or is unknown" });
  const told = el("p", { class: "dim small" });
  const haystack = groups.map(group =>
    [group.kernel, group.distribution, group.arch, ...[...group.fails, ...group.unknown].map(check => checks[check])].join(" ").toLowerCase());
  const lower = groups.map(group => group.names.toLowerCase());
  const nameless = audit.hosts - groups.reduce((sum, group) => sum + group.names.split("\n").length, 0);
  const list = table([
    { name: "Hosts", number: true, value: row => row.hits, show: row => number(row.hits) },
    { name: "Verdict", value: row => row.group.verdict, show: row => el("span", { class: "verdict " + row.group.verdict }, row.group.verdict.replace("-", " ")) },
    { name: "Distribution", value: row => row.group.distribution, show: row => row.group.distribution },
    { name: "Kernel", value: row => row.group.kernel, show: row => row.group.kernel },
    { name: "Fails", value: row => row.group.fails.length, show: row => tags(row.group.fails.slice(0, 6).map(check => checks[check]), "").map((tag, index) => {
      if (index < row.group.blocks) tag.classList.add("blocks");
      return tag;
    }).concat(row.group.fails.length > 6 ? [`and ${row.group.fails.length - 6} more `] : [], tags(row.unknown.map(check => checks[check] + ": unknown"))) },
    { name: "Such as", show: row => names(row.found || row.group.names.split("\n", FEW), row.hits) },
  ], [], { sort: 0, detail: ({ group, found }) => {
    const all = found || group.names.split("\n");
    const place = el("div", { class: "names" });
    let shown = 0;
    const more = el("button", { class: "more", onclick: () => draw(2000) });
    function draw(step) {
      place.append(...all.slice(shown, shown + step).map(name => el("div", {}, name)));
      shown += step;
      more.hidden = shown >= all.length;
      more.textContent = `show more (${number(all.length - shown)} left)`;
    }
    draw(300);
    return el("div", {},
      group.fails.length > 0 && el("p", { class: "small" }, el("span", { class: "dim" }, "Fails: "), group.fails.map((check, index) => el("span", { class: "tag" + (index < group.blocks ? " blocks" : "") }, checks[check]))),
      group.unknown.length > 0 && el("p", { class: "small" }, el("span", { class: "dim" }, "Unknown: "), tags(group.unknown.map(check => checks[check]))),
      place, more, group.hosts > group.names.split("\n").length && el("p", { class: "dim small" }, "Of so many hosts not all names are on this page; `--format csv` has them."));
  } });
  function search() {
    // A verdict is a word of its own: "ready" is no part of "not ready", nor of a check's name.
    const typed = input.value.toLowerCase().replace(/(^|\s)not\s+ready(?=\s|$)/g, "$1not-ready").split(/\s+/).filter(Boolean);
    const isVerdict = word => VERDICTS.some(([key]) => key === word);
    const verdicts = typed.filter(isVerdict), words = typed.filter(word => !isVerdict(word));
    let total = 0;
    const rows = [];
    groups.forEach((group, index) => {
      if (!verdicts.every(verdict => verdict === group.verdict)) return;
      // A verdict that is half typed is told from a name by nothing yet.
      const rest = words.filter(word => !haystack[index].includes(word) && !(word.length > 2 && group.verdict.startsWith(word)));
      // Why a row is there has to be seen in it.
      const unknown = group.unknown.filter(check => words.some(word => word.length > 2 && checks[check].toLowerCase().includes(word))).slice(0, 3);
      if (!rest.length) {
        rows.push({ group, unknown, hits: group.hosts });
        total += group.hosts;
      } else if (rest.every(word => lower[index].includes(word))) {
        const found = group.names.split("\n").filter(name => rest.every(word => name.toLowerCase().includes(word)));
        if (found.length) {
          rows.push({ group, unknown, found, hits: found.length });
          total += found.length;
        }
      }
    });
    list.set(rows);
    told.textContent = `${hosts(total)} in ${many(rows.length, "group")} alike in verdict, distribution, kernel and checks` +
      (left_out ? `; ${many(left_out, "small group is", "small groups are")} not on this page` : "") +
      (nameless > 0 ? `; the names of ${hosts(nameless)} are not on this page, so they are not found by them: \`--format csv\` has all` : "");
  }
  let timer;
  input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(search, 120); });
  section("Hosts", input, told, list.node);
  search();
}
function bad() {
  const { bad, bad_reports } = audit.reports;
  if (!bad) return;
  section(`${many(bad, "report")} could not be used`, table([
    { name: "File", value: row => row.source, show: row => row.source + (row.line ? ":" + row.line : "") + (row.item ? ` (number ${row.item} of the list)` : "") },
    { name: "What is wrong", value: row => row.reason, show: row => row.reason },
  ], bad_reports, { step: 10 }).node);
}

top();
since();
plan();
causeTable("What keeps hosts from being ready", audit.causes);
groupTables();
outliers();
unknowns();
causeTable("Fails, and does not count", audit.remarks);
hostGroups();
bad();
