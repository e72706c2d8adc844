/* Load generator: many connections of one protocol, driven from one thread with epoll.
 *
 *   loadgen --mode echo --wire mcws --port 8080 --connections 64 --window 1 --bytes 64
 *
 * Every byte that comes back is compared with what has to come, and every answer to a request has
 * to carry a correlation id that is in flight. It prints START when the warm-up is over and one line
 * of JSON at the end. In the mode idle it prints START once a tenth of the connections is open, goes
 * on when it reads a byte, prints READY, and waits for the end of its input.
 *
 * Modes:  echo       each connection keeps `window` messages under way
 *         broadcast  connection 0 sends what the server sends on to all, `window` at a time
 *         connect    opens connections, 64 at once, and keeps them
 *         idle       the same, and then says nothing on them
 * Wires:  raw, prefixed, mcws, mcws-request, ws, socketio, socketio-call, zmtp
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "wires.h"

enum {
    OPENING_AT_ONCE = 64,      /* less than the backlog of any server, so that no SYN is dropped */
    OPENING_BYTES_MAX = 4096,  /* no server answers an opening with more */
    LATENCIES_MAX = 1 << 22,
    EVENTS = 256,
    STALLED_MS = 5000,         /* without one byte: the server has lost something */
    LONGER_S = 5,              /* how much longer a measurement takes at most, where it has to */
    SETTLE_US = 300000,        /* some servers add a connection to their list behind the opening */
};

/* -- Time ---------------------------------------------------------------------------------- */

static double clock_s(clockid_t which) {
    struct timespec now;
    clock_gettime(which, &now);
    return now.tv_sec + now.tv_nsec * 1e-9;
}

static double now_s(void) { return clock_s(CLOCK_MONOTONIC); }
static double cpu_s(void) { return clock_s(CLOCK_PROCESS_CPUTIME_ID); }

/* -- Connections --------------------------------------------------------------------------- */

struct connection {
    int fd, step;
    bool is_blocked;
    size_t came;        /* bytes of an answer that is not complete */
    struct bytes held;  /* those bytes, where they are needed; during the opening, all */
    struct bytes rest;  /* what the socket did not take yet */
    double sent_s;
};

static struct connection *connections;
static int epoll, opened_count;

static void watch(struct connection *one, int operation) {
    struct epoll_event event = {.events = EPOLLIN | (one->is_blocked ? EPOLLOUT : 0),
                                .data.ptr = one};
    if (epoll_ctl(epoll, operation, one->fd, &event) < 0) fail("epoll: %s", strerror(errno));
}

static void set_blocked(struct connection *one, bool is_blocked) {
    if (one->is_blocked == is_blocked) return;
    one->is_blocked = is_blocked;
    watch(one, EPOLL_CTL_MOD);
}

/* Returns how much the socket took. */
static size_t try_sending(struct connection *one, const unsigned char *at, size_t length) {
    size_t done = 0;
    while (done < length) {
        ssize_t took = send(one->fd, at + done, length - done, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (took < 0 && errno == EAGAIN) break;
        if (took < 0) fail("send: %s", strerror(errno));
        done += took;
    }
    return done;
}

static void transmit(struct connection *one, const unsigned char *at, size_t length) {
    size_t done = one->rest.length ? 0 : try_sending(one, at, length);
    if (done == length) return;
    put(&one->rest, at + done, length - done);
    set_blocked(one, true);
}

static void transmit_rest(struct connection *one) {
    size_t done = try_sending(one, one->rest.at, one->rest.length);
    one->rest.length -= done;
    memmove(one->rest.at, one->rest.at + done, one->rest.length);
    set_blocked(one, one->rest.length > 0);
}

static void dial(struct connection *one) {
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(options.port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    one->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (one->fd < 0) fail("socket: %s", strerror(errno));
    if (connect(one->fd, (struct sockaddr *)&address, sizeof address) < 0)
        fail("connect: %s", strerror(errno));
    setsockopt(one->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    fcntl(one->fd, F_SETFL, O_NONBLOCK);
    watch(one, EPOLL_CTL_ADD);
}

/* Returns the bytes that came; 0: none, for now. */
static size_t receive(struct connection *one, unsigned char *into) {
    ssize_t length = recv(one->fd, into, READ_BYTES, MSG_DONTWAIT);
    if (length == 0) fail("the server closed connection %d", (int)(one - connections));
    if (length < 0 && errno != EAGAIN) fail("recv: %s", strerror(errno));
    return length < 0 ? 0 : length;
}

static unsigned char buffer[READ_BYTES];

static int wait_for(struct epoll_event *events) {
    int count = epoll_wait(epoll, events, EVENTS, STALLED_MS);
    if (count < 0 && errno != EINTR) fail("epoll: %s", strerror(errno));
    if (count == 0) fail("nothing came for %d ms", STALLED_MS);
    return count;
}

static void go_on_opening(struct connection *one) {
    size_t used;
    while (one->step < steps_count &&
           (used = end_of_step(steps[one->step].until, one->held.at, one->held.length))) {
        one->held.length -= used;
        memmove(one->held.at, one->held.at + used, one->held.length);
        if (++one->step < steps_count)
            transmit(one, steps[one->step].say.at, steps[one->step].say.length);
    }
    if (one->step < steps_count) return;
    if (one->held.length) fail("%zu bytes came behind the opening", one->held.length);
    free(one->held.at);
    one->held = (struct bytes){0};
    opened_count++;
}

static void open_until(int count) {
    struct epoll_event events[EVENTS];
    for (int dialled = opened_count; opened_count < count;) {
        for (; dialled < count && dialled - opened_count < OPENING_AT_ONCE; dialled++) {
            struct connection *one = &connections[dialled];
            dial(one);
            if (steps_count) transmit(one, steps[0].say.at, steps[0].say.length);
            else opened_count++;
        }
        for (int i = 0, n = opened_count < count ? wait_for(events) : 0; i < n; i++) {
            struct connection *one = events[i].data.ptr;
            if (events[i].events & EPOLLOUT) transmit_rest(one);
            size_t length = receive(one, buffer);
            /* A ping, where all openings together take longer than a connection may be silent. */
            if (one->step == steps_count) continue;
            put(&one->held, buffer, length);
            if (one->held.length > OPENING_BYTES_MAX + options.bytes) fail("an endless opening");
            go_on_opening(one);
        }
    }
}

/* -- Load ---------------------------------------------------------------------------------- */

static uint64_t answers_count;
static double *latencies;
static size_t latencies_count;

static void compare(const void *came, const void *wanted, size_t length) {
    if (memcmp(came, wanted, length)) fail("what came back is not what was sent");
}

static void send_messages(struct connection *one, size_t count) {
    size_t length = requests[0].length, most = train.length / length;
    for (; count > most; count -= most) transmit(one, train.at, most * length);
    transmit(one, train.at, count * length);
}

/* Returns how many answers these bytes completed. */
static size_t check_stream(struct connection *one, size_t length) {
    compare(buffer, expected.at + one->came, length);
    size_t total = one->came + length;
    one->came = total % replies[0].length;
    return total / replies[0].length;
}

static void check_answer(const unsigned char *at, struct bytes *again) {
    unsigned slot = slot_of(at);
    if (slot >= (unsigned)options.window) fail("an answer came to what was not asked");
    compare(at, replies[slot].at, replies[slot].length);
    put(again, requests[slot].at, requests[slot].length);
}

/* Answers in any order; each one frees its number, which is asked with again at once. */
static size_t check_answers(struct connection *one, size_t length) {
    static struct bytes again;
    again.length = 0;
    put(&one->held, buffer, length);
    size_t each = replies[0].length, count = one->held.length / each;
    for (size_t i = 0; i < count; i++) check_answer(one->held.at + i * each, &again);
    one->held.length -= count * each;
    memmove(one->held.at, one->held.at + count * each, one->held.length);
    transmit(one, again.at, again.length);
    return count;
}

static void note_latency(struct connection *one) {
    double now = now_s();
    if (latencies_count < LATENCIES_MAX) latencies[latencies_count++] = now - one->sent_s;
    one->sent_s = now;
}

static bool is_healthy(const struct connection *one) {
    return options.window == 1 && !(options.flood && one == connections);
}

static void take(struct connection *one) {
    size_t length = receive(one, buffer);
    if (!length) return;
    if (slot_width) {
        answers_count += check_answers(one, length);
        return;
    }
    size_t count = check_stream(one, length);
    answers_count += count;
    if (is_mode("broadcast") || !count) return;
    if (is_healthy(one)) note_latency(one);
    send_messages(one, count);
}

static void begin(void) {
    if (is_mode("broadcast")) {
        usleep(SETTLE_US);
        send_messages(connections, options.window);
        return;
    }
    for (int i = 0; i < options.connections; i++) {
        struct connection *one = &connections[i];
        one->sent_s = now_s();
        if (!slot_width) send_messages(one, options.flood && !i ? options.flood : options.window);
        for (int slot = 0; slot_width && slot < options.window; slot++)
            transmit(one, requests[slot].at, requests[slot].length);
    }
}

static void turn(void) {
    static uint64_t answered;
    struct epoll_event events[EVENTS];
    for (int i = 0, n = wait_for(events); i < n; i++) {
        struct connection *one = events[i].data.ptr;
        if (events[i].events & EPOLLOUT) transmit_rest(one);
        if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) take(one);
    }
    /* As many new broadcasts as old ones have reached everybody. */
    while (is_mode("broadcast") && answers_count - answered >= (uint64_t)options.connections) {
        answered += options.connections;
        send_messages(connections, 1);
    }
}

static int by_size(const void *one, const void *other) {
    double difference = *(const double *)one - *(const double *)other;
    return (difference > 0) - (difference < 0);
}

static double latency_us(double share) {
    return latencies_count ? latencies[(size_t)(share * (latencies_count - 1))] * 1e6 : 0;
}

static void say_start(void) {
    puts("START");
    fflush(stdout);
}

static void say_end(uint64_t count, double elapsed_s, double cpu) {
    qsort(latencies, latencies_count, sizeof *latencies, by_size);
    printf("{\"count\":%lu,\"seconds\":%.6f,\"load_share\":%.4f,\"p50_us\":%.1f,\"p99_us\":%.1f}\n",
           (unsigned long)count, elapsed_s, cpu / elapsed_s, latency_us(0.5), latency_us(0.99));
    fflush(stdout);
}

/* Goes on for so long, and then until as much was answered as is under way at once: with many
 * connections that takes longer, and less would measure some of them. Returns the seconds. */
static double load_for(double seconds) {
    uint64_t before = answers_count;
    uint64_t under_way = (uint64_t)options.connections * (is_mode("echo") ? options.window : 1);
    double began = now_s(), elapsed_s = 0;
    while (elapsed_s < seconds ||
           (answers_count - before < under_way && elapsed_s < seconds + LONGER_S)) {
        turn();
        elapsed_s = now_s() - began;
    }
    return elapsed_s;
}

static void measure_load(void) {
    open_until(options.connections);
    begin();
    load_for(options.warmup_s);
    say_start();
    uint64_t before = answers_count;
    double cpu = cpu_s();
    latencies_count = 0;
    double elapsed_s = load_for(options.seconds);
    say_end(answers_count - before, elapsed_s, cpu_s() - cpu);
}

static void measure_openings(void) {
    int warmup = options.connections / 10;
    open_until(warmup);
    say_start();
    double began = now_s(), cpu = cpu_s();
    open_until(options.connections);
    double elapsed_s = now_s() - began;
    say_end(options.connections - warmup, elapsed_s, cpu_s() - cpu);
}

static void stay_idle(void) {
    open_until(options.connections / 10);
    say_start();
    getchar();
    open_until(options.connections);
    puts("READY");
    fflush(stdout);
    while (getchar() != EOF) continue;
}

int main(int count, char **arguments) {
    parse_options(count, arguments);
    if (options.window > SLOTS_MAX) fail("the window is at most %d", SLOTS_MAX);
    signal(SIGPIPE, SIG_IGN);
    struct rlimit files = {0};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    connections = calloc(options.connections, sizeof *connections);
    latencies = malloc(LATENCIES_MAX * sizeof *latencies);
    epoll = epoll_create1(0);
    make_all_messages();
    make_opening();
    if (is_mode("idle")) stay_idle();
    else if (is_mode("connect")) measure_openings();
    else measure_load();
    return 0;
}
