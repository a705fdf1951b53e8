/* SPDX-License-Identifier: Apache-2.0 */
/* `aeod top`: the live view where there is a terminal, snapshots where there is none. */
#include <math.h>
#include <signal.h>

#include "clock.h"
#include "priv.h"
#include "shown.h"
#include "top.h"

#define EXIT_NO_SUCH 4
#define PATIENCE_MS 2000 /* for one answer; the view stands still so long at most */
#define STATUS_EVERY 3	 /* snapshots */

struct live {
	struct cli *cli;
	struct view view;
	struct screen *screen;
	int fd; /* -1: the daemon is gone */
	struct jdoc *status, *line;
	struct top_tasks tasks;
	uint64_t tasks_id, refreshes;
	bool was_gone;
};

static volatile sig_atomic_t stopped;

static void on_signal(int sig)
{
	(void)sig;
	stopped = 1;
}

/* Before ncurses puts in handlers of its own, which it does where there are none. */
static void hear_signals(void)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	struct sigaction a = {.sa_handler = on_signal};

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		(void)sigaction(signals[i], &a, NULL);
}

/* ---- asking ---- */

static struct jdoc *ask_live(struct live *l, enum wire_kind kind, const char *payload)
{
	cleanup_buf struct buf b = BUF_INIT;
	enum wire_kind answer;
	int err;

	if (l->fd < 0)
		return NULL;
	err = wire__send(l->fd, kind, payload, payload ? strlen(payload) : 0);
	if (!err)
		err = wire__recv(l->fd, &b, PATIENCE_MS, &answer);
	if (!err)
		return answer == WIRE_OK ? jdoc__parse(b.data, b.len, NULL) : NULL;
	close(l->fd);
	l->fd = -1;
	return NULL;
}

static void note(struct live *l, const char *text)
{
	char clock[16] = "";
	time_t now = time(NULL);
	struct tm tm;

	if (localtime_r(&now, &tm))
		(void)strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	(void)snprintf(l->view.note, sizeof(l->view.note), "%s %s", clock, text);
}

static void connect_again(struct live *l)
{
	char path[512];

	if (l->fd >= 0 || !args__path(&l->cli->args, "aeod.sock", path, sizeof(path)))
		return;
	l->fd = wire__connect(path);
	if (l->fd < 0)
		l->fd = -1;
	else if (l->was_gone)
		note(l, "connected again: the daemon was restarted");
	l->was_gone = false;
}

/* The new answer in place of the old one, which stays where there is none. */
static const struct jval *keep(struct jdoc **held, struct jdoc *fresh)
{
	if (fresh) {
		jdoc__free(*held);
		*held = fresh;
	}
	return *held ? jdoc__root(*held) : NULL;
}

static double pressure(const struct cli *c, const char *what)
{
	cleanup_file FILE *f = NULL;
	char path[512];
	double avg10;

	(void)snprintf(path, sizeof(path), "%s/proc/pressure/%s", c->args.root, what);
	f = fopen(path, "re");
	return f && fscanf(f, "some avg10=%lf", &avg10) == 1 ? avg10 : (double)NAN;
}

static void ask_tasks(struct live *l)
{
	char request[48];
	struct jdoc *d;

	(void)snprintf(request, sizeof(request), "{\"cgroup_id\":\"%llu\"}",
		       (unsigned long long)l->tasks_id);
	d = ask_live(l, WIRE_TOP, request);
	if (d)
		(void)top_tasks__take(&l->tasks, jdoc__root(d), clock__mono());
	jdoc__free(d);
}

static void refresh(struct live *l)
{
	struct view *v = &l->view;
	struct jdoc *d;

	connect_again(l);
	d = ask_live(l, WIRE_TOP, NULL);
	if (d)
		(void)top__take(v->top, jdoc__root(d));
	jdoc__free(d);
	if (v->tasks)
		ask_tasks(l);
	v->line = keep(&l->line, ask_live(l, WIRE_LINE, NULL));
	if (l->refreshes++ % STATUS_EVERY == 0)
		v->status = keep(&l->status, ask_live(l, WIRE_STATUS, NULL));
	v->pressure[0] = pressure(l->cli, "cpu");
	v->pressure[1] = pressure(l->cli, "io");
	v->pressure[2] = pressure(l->cli, "memory");
	if (l->fd < 0 && !l->was_gone) {
		note(l, "the daemon is gone; what you see is old. Waiting for it");
		l->was_gone = true;
		l->refreshes = 0;
	}
}

/* ---- keys ---- */

static void move_to(struct live *l, size_t to)
{
	struct view *v = &l->view;
	const struct top_row *row;

	v->selected = v->shown ? MIN(to, v->shown - 1) : 0;
	row = top__row(v->top, v->selected);
	v->selected_id = row ? row->id : 0;
}

static void move_by(struct live *l, size_t up, size_t down)
{
	size_t at = l->view.selected;

	move_to(l, at + down - MIN(up, at + down));
}

static void sort_by(struct live *l, size_t sort)
{
	l->view.sort = sort;
	l->view.first = l->view.selected = 0;
	l->view.selected_id = 0;
}

static void open_row(struct live *l, uint64_t id, const char *name)
{
	struct view *v = &l->view;

	l->tasks = (struct top_tasks){.n = 0};
	l->tasks_id = id;
	v->tasks = &l->tasks;
	(void)snprintf(v->tasks_of, sizeof(v->tasks_of), "%s", name);
	ask_tasks(l);
}

static void on_escape(struct live *l)
{
	if (l->view.tasks)
		l->view.tasks = NULL;
	else
		l->view.filter[0] = '\0';
	l->view.note[0] = '\0';
}

static void on_move(struct live *l, int key, size_t page)
{
	const struct top_row *row = top__row(l->view.top, l->view.selected);

	switch (key) {
	case PRESS_UP:
		move_by(l, 1, 0);
		break;
	case PRESS_DOWN:
		move_by(l, 0, 1);
		break;
	case PRESS_PAGE_UP:
		move_by(l, page, 0);
		break;
	case PRESS_PAGE_DOWN:
		move_by(l, 0, page);
		break;
	case PRESS_HOME:
		move_to(l, 0);
		break;
	case PRESS_END:
		move_to(l, SIZE_MAX);
		break;
	case PRESS_LEFT:
		sort_by(l, (l->view.sort + SORT_NAME) % (SORT_NAME + 1));
		break;
	case PRESS_RIGHT:
		sort_by(l, (l->view.sort + 1) % (SORT_NAME + 1));
		break;
	case PRESS_ENTER:
		if (row && !l->view.tasks)
			open_row(l, row->id, row->name);
		break;
	case PRESS_ESCAPE:
		on_escape(l);
		break;
	}
}

/* Bytes behind / : a word to look for. */
static void on_typing(struct live *l, int key)
{
	char *f = l->view.filter;
	size_t n = strlen(f);

	if (key == PRESS_ENTER || key == PRESS_ESCAPE) {
		l->view.typing = false;
		if (key == PRESS_ESCAPE)
			f[0] = '\0';
	} else if (key == PRESS_BACKSPACE) {
		/* a character of several bytes goes as a whole */
		while (n && ((unsigned char)f[--n] & 0xc0) == 0x80)
			;
		f[n] = '\0';
	} else if (key >= ' ' && key < 256 && n + 1 < sizeof(l->view.filter)) {
		f[n] = (char)key;
		f[n + 1] = '\0';
	}
}

static void on_letter(struct live *l, int key)
{
	struct view *v = &l->view;

	for (size_t m = 0; m < MEASURES; m++)
		if (key == measure_rows[m].key)
			sort_by(l, m);
	if (key == 'n')
		sort_by(l, SORT_NAME);
	v->quit_asked = key == 'q';
	v->help = key == '?' || key == 'h';
	v->paused ^= key == ' ';
	v->typing = key == '/' && !v->tasks;
}

static void on_key(struct live *l, int key, size_t page)
{
	if (key == PRESS_NONE || key == PRESS_RESIZE)
		return;
	if (l->view.help && key != 'q')
		l->view.help = false;
	else if (l->view.typing)
		on_typing(l, key);
	else if (key < 256)
		on_letter(l, key);
	else
		on_move(l, key, page);
}

/* ---- the loop ---- */

static void run_live(struct live *l)
{
	uint64_t next = 0;

	while (!stopped && !l->view.quit_asked) {
		uint64_t now = clock__mono();
		bool fresh = now >= next;
		struct canvas c;

		if (fresh) {
			if (!l->view.paused)
				refresh(l);
			next = now + NS_PER_S;
		}
		c = screen__canvas(l->screen);
		view__draw(&l->view, &c);
		/* the daemon's log may go to the same terminal */
		screen__flush(l->screen, fresh);
		now = clock__mono();
		on_key(l, screen__key(l->screen, (int)((next - MIN(now, next)) / NS_PER_MS) + 1),
		       view__page(&c));
	}
}

static void live_done(struct live *l)
{
	l->screen = screen__close(l->screen);
	if (l->fd >= 0)
		close(l->fd);
	jdoc__free(l->status);
	jdoc__free(l->line);
	top__free(l->view.top);
}

/* ---- snapshots ---- */

static const char *measure_text(const struct top_row *row, size_t m, char *text, size_t n)
{
	return measure_rows[m].seconds ? shown__seconds(row->v[m], text, n) :
					 shown__count(row->v[m], text, n);
}

static int print_rows(struct top *top, const struct jval *answer, size_t sort)
{
	static const char *const heads[] = {"WHO",	 ">CPU WAIT", ">THROTTLE",
					    ">I/O WAIT", ">MEM WAIT", ">RETRANS"};
	struct table *t = table__new(heads, ARRAY_SIZE(heads));
	const struct top_row *row;
	char text[32];

	if (!top__take(top, answer))
		(void)top__arrange(top, sort, "");
	for (size_t i = 0; (row = top__row(top, i)); i++) {
		table__cell(t, row->name);
		for (size_t m = 0; m < MEASURES; m++)
			table__cell(t, measure_text(row, m, text, sizeof(text)));
	}
	table__print(t);
	return EXIT_OK;
}

static int print_tasks(struct top_tasks *tasks, const struct jval *answer)
{
	static const char *const heads[] = {">PID",   ">THREAD",   "NAME", "STATE",
					    ">SINCE", ">CPU WAIT", ">CPU", "CALL"};
	struct table *t = table__new(heads, ARRAY_SIZE(heads));
	char text[32];

	(void)top_tasks__take(tasks, answer, clock__mono());
	for (size_t i = 0; i < tasks->n; i++) {
		const struct top_task *k = &tasks->row[i];

		table__cellf(t, "%llu", (unsigned long long)k->pid);
		table__cellf(t, "%llu", (unsigned long long)k->tid);
		table__cell(t, k->comm);
		table__cell(t, k->state);
		table__cell(t, shown__seconds(k->age_s > 0 ? k->age_s : (double)NAN, text,
					      sizeof(text)));
		table__cell(t, shown__seconds(k->wait_s, text, sizeof(text)));
		table__cell(t, shown__seconds(k->cpu_s, text, sizeof(text)));
		table__cell(t, k->call);
	}
	table__print(t);
	return EXIT_OK;
}

/* The id of a cgroup by its path, typed as its bytes are or as they are shown. */
static int find_cgroup(const struct jval *answer, const char *path, uint64_t *ret_id)
{
	const struct jval *rows = jval__get(answer, "rows");

	for (size_t i = 0; i < jval__count(rows); i++) {
		const struct jval *s = jval__get(jval__at(rows, i), "subject");
		const char *shown = jval__string(jval__get(s, "cgroup"));
		cleanup_buf struct buf raw = BUF_INIT;

		if (!shown)
			continue;
		(void)buf__unescape(&raw, shown, strlen(shown));
		if (!strcmp(shown, path) || (raw.data && !strcmp(raw.data, path)))
			return jval__u64(jval__get(s, "cgroup_id"), ret_id);
	}
	return -ENOENT;
}

/* The request for the tasks of --cgroup. 0 or an exit code. */
static int request_tasks(struct cli *c, const char *path, char *request, size_t n, uint64_t *ret_id)
{
	cleanup_buf struct buf b = BUF_INIT;
	struct jdoc *d;
	int code = ask(c, WIRE_TOP, NULL, 0, &b);

	if (code)
		return code;
	d = answer__parse(&b);
	if (!d)
		return EXIT_FAILED;
	if (find_cgroup(jdoc__root(d), path, ret_id)) {
		log_error("no cgroup \"%s\" is seen; aeod top -n 1 -s name lists them", path);
		code = EXIT_NO_SUCH;
	}
	jdoc__free(d);
	(void)snprintf(request, n, "{\"cgroup_id\":\"%llu\"}", (unsigned long long)*ret_id);
	return code;
}

static int print_snapshot(struct live *l, const struct verb_options *o, const char *request)
{
	cleanup_buf struct buf b = BUF_INIT;
	struct jdoc *d;
	int code = ask(l->cli, WIRE_TOP, request, strlen(request), &b);

	if (code)
		return code;
	if (o->json)
		return puts(b.data) < 0 || fflush(stdout) ? EXIT_FAILED : EXIT_OK;
	d = answer__parse(&b);
	if (!d)
		return EXIT_FAILED;
	code = *request ? print_tasks(&l->tasks, jdoc__root(d)) :
			  print_rows(l->view.top, jdoc__root(d), o->sort);
	jdoc__free(d);
	return fflush(stdout) ? EXIT_FAILED : code;
}

/* `count` snapshots, a second apart; 0: until a signal comes. */
static int snapshots(struct live *l, const struct verb_options *o, const char *request,
		     uint64_t count)
{
	int code = EXIT_OK;

	for (uint64_t i = 0; !code && !stopped && (!count || i < count); i++) {
		if (i) {
			sleep(1);
			if (!o->json)
				puts("");
		}
		code = stopped ? EXIT_OK : print_snapshot(l, o, request);
	}
	return code;
}

/* The live view, if the terminal can have it; false after saying why not. */
static bool live(struct live *l, const struct verb_options *o, uint64_t open_id)
{
	cleanup_buf struct buf why = BUF_INIT;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || o->json || o->count)
		return false;
	l->screen = screen__open(&why);
	if (!l->screen) {
		log_warn("no live view: %s; a table every second instead",
			 why.data ? why.data : "no memory");
		return false;
	}
	if (open_id)
		open_row(l, open_id, o->cgroup);
	run_live(l);
	return true;
}

int cmd_top(struct cli *c)
{
	struct live l = {.cli = c, .fd = -1};
	struct verb_options o;
	char request[48] = "";
	uint64_t id = 0;
	int code;

	code = options__parse(c, &o);
	if (code)
		return code;
	l.view.top = top__new();
	l.view.sort = o.sort;
	l.fd = ask__connect(c);
	code = l.fd < 0 ? EXIT_UNREACHABLE : !l.view.top ? EXIT_FAILED : EXIT_OK;
	if (!code && o.cgroup)
		code = request_tasks(c, o.cgroup, request, sizeof(request), &id);
	hear_signals();
	if (!code && !live(&l, &o, id)) {
		bool forever = !o.count && !o.json && isatty(STDOUT_FILENO);

		code = snapshots(&l, &o, request, forever ? 0 : MAX(o.count, (uint64_t)1));
	}
	live_done(&l);
	return code;
}
