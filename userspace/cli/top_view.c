/* SPDX-License-Identifier: Apache-2.0 */
/* What stands where on the screen: lines of text, whatever they are drawn on. */
#include <math.h>
#include <stdarg.h>
#include <time.h>

#include "priv.h"
#include "shown.h"
#include "top.h"

#define HEAD_LINES 6  /* above the rows: title, cost, node, pressure, note, heads */
#define SHORT_LINES 2 /* the same on a low screen: title, heads */
#define LOW 14	      /* fewer lines than this are a low screen */
#define NARROW 70     /* fewer columns than this show one measure */
#define LEAST_ROWS 4
#define LEAST_COLUMNS 30
#define VALUE 9 /* columns of a figure */

static bool is_low(const struct canvas *c)
{
	return c->rows < LOW;
}

size_t view__page(const struct canvas *c)
{
	int heads = is_low(c) ? SHORT_LINES : HEAD_LINES;

	return c->rows > heads ? (size_t)(c->rows - heads) : 1;
}

/* A line, cut or padded to the width of the screen. */
static void put(const struct canvas *c, int y, enum look look, const char *text)
{
	cleanup_buf struct buf b = BUF_INIT;

	if (y >= c->rows)
		return;
	if (*text)
		shown__fit(&b, text, (size_t)c->columns, false);
	c->line(c->arg, y, b.data ? b.data : "", look);
}

static PRINTF(4, 5) void putf(const struct canvas *c, int y, enum look look, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	put(c, y, look, text);
}

/* ---- the head ---- */

static void draw_title(const struct view *v, const struct canvas *c)
{
	const struct jval *k = jval__get(v->status, "kernel"), *m = jval__get(v->status, "mode");
	char node[64], release[64], layout[16], mode[16], clock[16] = "";
	cleanup_buf struct buf b = BUF_INIT;
	time_t now = time(NULL);
	struct tm tm;

	if (localtime_r(&now, &tm))
		(void)strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	buf__printf(&b, "aeod top  %s  %s  %s", clock,
		    text_of(v->status, "node", node, sizeof(node)), v->paused ? "HELD  " : "");
	if (v->tasks)
		buf__printf(&b, "processes of %s", v->tasks_of);
	else
		buf__printf(&b, "kernel %s  cgroup %s  mode %s",
			    text_of(k, "release", release, sizeof(release)),
			    text_of(k, "cgroup", layout, sizeof(layout)),
			    text_of(m, "effective", mode, sizeof(mode)));
	put(c, 0, LOOK_REVERSE, b.data ? b.data : "");
}

static double lost_events(const struct jval *status)
{
	const struct jval *probes = jval__get(status, "probes");
	const char *cause;
	double sum = 0;

	for (size_t i = 0; i < jval__count(probes); i++) {
		const struct jval *lost = jval__get(jval__at(probes, i), "lost");

		for (size_t k = 0; jval__member(lost, k, &cause); k++)
			sum += number_of(lost, cause);
	}
	return sum;
}

static void draw_cost(const struct view *v, const struct canvas *c)
{
	const struct jval *g = jval__get(v->status, "budget"), *cpu = jval__get(g, "cpu"),
			  *bpf = jval__get(g, "bpf");
	char rss[32], lost[32];
	size_t shed = jval__count(jval__get(g, "shed"));

	putf(c, 1, LOOK_PLAIN,
	     "aeod: lost %s  cpu %.2f/%.4g %% of a core  bpf %.2f/%.4g %% of the node  memory %s%s",
	     shown__count(lost_events(v->status), lost, sizeof(lost)), number_of(cpu, "used"),
	     number_of(cpu, "limit"), number_of(bpf, "used"), number_of(bpf, "limit"),
	     shown__bytes(number_of(jval__get(g, "rss"), "used"), rss, sizeof(rss)),
	     shed ? "  work is shed" : "");
}

static void draw_node(const struct view *v, const struct canvas *c)
{
	char calls[32], switches[32], p99[32];

	putf(c, 2, LOOK_PLAIN, "node: %s calls/s  %s switches/s  run-queue p99 %s %s  %llu cgroups",
	     shown__count(number_of(v->line, "calls"), calls, sizeof(calls)),
	     shown__count(number_of(v->line, "switches"), switches, sizeof(switches)),
	     shown__is_ascii() ? "<=" : "\xe2\x89\xa4",
	     shown__seconds(number_of(v->line, "runqueue_p99_s"), p99, sizeof(p99)),
	     (unsigned long long)top__cgroups(v->top));
}

#define BAR 12

static void add_bar(struct buf *b, const char *name, double percent)
{
	const char *full = shown__is_ascii() ? "#" : "\xe2\x96\x88",
		   *empty = shown__is_ascii() ? "." : "\xe2\x96\x91";

	buf__printf(b, "  %s ", name);
	for (int i = 0; i < BAR; i++)
		buf__str(b, percent >= 0.05 && i < ceil(percent * BAR / 100) ? full : empty);
	buf__printf(b, " %.1f %%", percent);
}

static void draw_pressure(const struct view *v, const struct canvas *c)
{
	static const char *const names[] = {"cpu", "io", "memory"};
	cleanup_buf struct buf b = BUF_INIT;

	buf__str(&b, "some waited:");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!isnan(v->pressure[i]))
			add_bar(&b, names[i], v->pressure[i]);
	put(c, 3, LOOK_PLAIN,
	    isnan(v->pressure[0]) ? "some waited: this kernel does not tell (no PSI)" :
	    b.data		  ? b.data :
				    "");
}

static void draw_note(const struct view *v, const struct canvas *c)
{
	int y = is_low(c) ? c->rows - 1 : 4;

	if (v->typing)
		putf(c, y, LOOK_BOLD, "/%s_   Enter keeps, Esc clears", v->filter);
	else if (v->note[0])
		put(c, y, LOOK_BOLD, v->note);
	else if (!is_low(c) && v->filter[0])
		putf(c, y, LOOK_DIM, "rows with \"%s\"; / changes it", v->filter);
	else if (!is_low(c))
		put(c, y, LOOK_DIM,
		    v->tasks ?
			    "Esc back  q quit  ? help" :
			    "Enter processes  / filter  c t i m r n sort  space hold  ? help  q quit");
}

/* ---- rows ---- */

struct columns {
	size_t name, spark, first, count; /* widths; the measures that are shown */
};

static struct columns columns_of(const struct view *v, const struct canvas *c)
{
	struct columns k = {.count = MEASURES};
	size_t rest;

	if (c->columns < NARROW) {
		k.first = v->sort < MEASURES ? v->sort : 0;
		k.count = 1;
	}
	rest = (size_t)c->columns - k.count * (VALUE + 1);
	k.spark = MIN(rest * 2 / 5, (size_t)HISTORY);
	k.name = rest - k.spark - 1;
	return k;
}

static void add_value(struct buf *b, const char *text)
{
	buf__char(b, ' ');
	shown__fit(b, text, VALUE, true);
}

static void draw_heads(const struct view *v, const struct canvas *c)
{
	struct columns k = columns_of(v, c);
	cleanup_buf struct buf b = BUF_INIT;
	char head[32];

	shown__fit(&b, v->sort == SORT_NAME ? "WHO (by name)" : "WHO", k.name, false);
	for (size_t m = k.first; m < k.first + k.count; m++) {
		(void)snprintf(head, sizeof(head), "%s%s", measure_rows[m].head,
			       m != v->sort	 ? "" :
			       shown__is_ascii() ? "<" :
						   "\xe2\x96\xbe");
		add_value(&b, head);
	}
	buf__printf(&b, " %s, %zu s", measure_rows[v->sort < MEASURES ? v->sort : 0].head, k.spark);
	put(c, is_low(c) ? 1 : HEAD_LINES - 1, LOOK_REVERSE, b.data ? b.data : "");
}

static void add_spark(struct buf *b, const struct top *t, const struct top_row *row, enum measure m,
		      size_t width)
{
	static const char *const blocks[] = {" ",
					     "\xe2\x96\x81",
					     "\xe2\x96\x82",
					     "\xe2\x96\x83",
					     "\xe2\x96\x84",
					     "\xe2\x96\x85",
					     "\xe2\x96\x86",
					     "\xe2\x96\x87",
					     "\xe2\x96\x88"};
	static const char *const ascii[] = {" ", "_", ".", ",", "-", "=", "+", "*", "#"};
	double most = measure_rows[m].least;

	for (size_t i = 0; i < width; i++)
		most = fmax(most, top__past(t, row, m, i)); /* fmax leaves NaN out */
	for (size_t i = width; i--;) {
		double v = top__past(t, row, m, i);
		int level = isnan(v) || v <= 0 ? 0 : MAX((int)ceil(v / most * 8 - 0.01), 1);

		buf__str(b, (shown__is_ascii() ? ascii : blocks)[MAX(0, MIN(level, 8))]);
	}
}

static void draw_row(const struct view *v, const struct canvas *c, const struct top_row *row, int y,
		     bool selected)
{
	struct columns k = columns_of(v, c);
	cleanup_buf struct buf b = BUF_INIT;
	char text[32];

	shown__fit(&b, row->name, k.name, false);
	for (size_t m = k.first; m < k.first + k.count; m++)
		add_value(&b, measure_rows[m].seconds ?
				      shown__seconds(row->v[m], text, sizeof(text)) :
				      shown__count(row->v[m], text, sizeof(text)));
	buf__char(&b, ' ');
	add_spark(&b, v->top, row, (enum measure)(v->sort < MEASURES ? v->sort : 0), k.spark);
	c->line(c->arg, y, b.failed ? "" : b.data, selected ? LOOK_REVERSE : LOOK_PLAIN);
}

/* The selected row stays selected where it went, and stays on the screen. */
static void follow_selection(struct view *v, size_t page)
{
	const struct top_row *row = top__row(v->top, v->selected);

	for (size_t i = 0; v->selected_id && (!row || row->id != v->selected_id) && i < v->shown;
	     i++)
		if (top__row(v->top, i)->id == v->selected_id) {
			v->selected = i;
			row = top__row(v->top, i);
		}
	v->selected = MIN(v->selected, v->shown ? v->shown - 1 : 0);
	if (v->selected < v->first)
		v->first = v->selected;
	if (v->selected >= v->first + page)
		v->first = v->selected - page + 1;
	v->first = MIN(v->first, v->shown > page ? v->shown - page : 0);
}

static void draw_rows(struct view *v, const struct canvas *c)
{
	int y = is_low(c) ? SHORT_LINES : HEAD_LINES;
	const struct top_row *row;

	v->shown = top__arrange(v->top, v->sort, v->filter);
	follow_selection(v, view__page(c));
	draw_heads(v, c);
	for (size_t i = v->first; y < c->rows && (row = top__row(v->top, i)); i++)
		draw_row(v, c, row, y++, i == v->selected);
	if (!v->shown)
		put(c, y, LOOK_PLAIN,
		    v->filter[0] ? "no row has that; Esc shows all" : "nothing yet");
}

/* ---- processes ---- */

static void add_task(struct buf *b, const struct top_task *t, bool thread_of_other)
{
	char text[32];

	buf__printf(b, "%8llu ", (unsigned long long)t->pid);
	if (thread_of_other)
		(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)t->tid);
	else
		text[0] = '\0';
	shown__fit(b, *text ? text : " ", 8, true);
	buf__char(b, ' ');
	shown__fit(b, t->comm, 16, false);
	buf__char(b, ' ');
	shown__fit(b, t->state, 8, false);
	add_value(b, shown__seconds(t->age_s > 0 ? t->age_s : (double)NAN, text, sizeof(text)));
	add_value(b, shown__seconds(t->wait, text, sizeof(text)));
	add_value(b, shown__seconds(t->cpu, text, sizeof(text)));
	buf__char(b, ' ');
	shown__add(b, t->call);
}

static void draw_tasks(const struct view *v, const struct canvas *c)
{
	int y = is_low(c) ? SHORT_LINES : HEAD_LINES;

	putf(c, y - 1, LOOK_REVERSE, "%8s %8s %-16s %-8s %9s %9s %9s %s", "PID", "THREAD", "NAME",
	     "STATE", "SINCE", "CPU WAIT", "CPU", "CALL");
	for (size_t i = 0; i < v->tasks->n && y < c->rows; i++) {
		const struct top_task *t = &v->tasks->row[i];
		cleanup_buf struct buf b = BUF_INIT;

		add_task(&b, t, t->pid != t->tid);
		put(c, y++, LOOK_PLAIN, b.data ? b.data : "");
	}
	if (!v->tasks->n)
		put(c, y, LOOK_PLAIN, v->tasks->at_ns ? "no process is in it now" : "asking");
}

/* ---- help ---- */

static void draw_help(const struct canvas *c)
{
	static const char *const lines[] = {
		"up down page home end   move            Enter   the processes of the row",
		"left right n            sort            Esc     back; all rows",
		"space                   hold still      /       rows that contain a word",
		"?                       this page       q       quit",
		"",
		"Figures are seconds in each second: 0.5 s of CPU wait means that on average half",
		"a task was ready to run and did not. The line on the right is the last minute of",
		"the measure that rows are sorted by. ? stands where the kernel does not tell.",
	};
	int y = 2;

	put(c, 0, LOOK_REVERSE, "aeod top: help; any key leaves it");
	for (size_t m = 0; m < MEASURES; m++)
		putf(c, y++, LOOK_PLAIN, "%c  %-10s %s", measure_rows[m].key, measure_rows[m].head,
		     measure_rows[m].what);
	y++;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		put(c, y++, LOOK_PLAIN, lines[i]);
}

void view__draw(struct view *v, const struct canvas *c)
{
	if (c->rows < LEAST_ROWS || c->columns < LEAST_COLUMNS) {
		putf(c, 0, LOOK_PLAIN, "too small: %dx%d", c->columns, c->rows);
		return;
	}
	if (v->help) {
		draw_help(c);
		return;
	}
	draw_title(v, c);
	if (!is_low(c)) {
		draw_cost(v, c);
		draw_node(v, c);
		draw_pressure(v, c);
	}
	if (v->tasks)
		draw_tasks(v, c);
	else
		draw_rows(v, c);
	draw_note(v, c);
}
