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
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    OPENING_AT_ONCE = 64,      /* less than the backlog of any server, so that no SYN is dropped */
    OPENING_BYTES_MAX = 4096,  /* no server answers an opening with more */
    READ_BYTES = 1 << 20,      /* more than a socket holds, so that one read empties it */
    TRAIN_BYTES = 1 << 16,     /* copies of one message that are sent with one call */
    SLOTS_MAX = 512,           /* requests under way on one connection */
    LATENCIES_MAX = 1 << 22,
    EVENTS = 256,
    STALLED_MS = 5000,         /* without one byte: the server has lost something */
    LONGER_S = 5,              /* how much longer a measurement takes at most, where it has to */
    SETTLE_US = 300000,        /* some servers add a connection to their list behind the opening */
};

/* -- Options ------------------------------------------------------------------------------- */

static struct {
    const char *mode, *wire, *payload;
    int port, connections, window, flood;
    size_t bytes;
    double warmup_s, seconds;
} options = {"echo", "raw", NULL, 0, 64, 1, 0, 64, 0.3, 1.0};

static void fail(const char *format, ...) {
    va_list rest;
    va_start(rest, format);
    vfprintf(stderr, format, rest);
    va_end(rest);
    fputc('\n', stderr);
    exit(1);
}

static void parse_options(int count, char **arguments) {
    static const struct option known[] = {
        {"mode", 1, 0, 'm'},    {"wire", 1, 0, 'w'},   {"payload", 1, 0, 'x'},
        {"port", 1, 0, 'p'},    {"connections", 1, 0, 'c'}, {"window", 1, 0, 'n'},
        {"flood", 1, 0, 'f'},   {"bytes", 1, 0, 'b'},  {"warmup", 1, 0, 'u'},
        {"seconds", 1, 0, 's'}, {0}};
    for (int which; (which = getopt_long(count, arguments, "", known, NULL)) != -1;) switch (which) {
        case 'm': options.mode = optarg; break;
        case 'w': options.wire = optarg; break;
        case 'x': options.payload = optarg; break;
        case 'p': options.port = atoi(optarg); break;
        case 'c': options.connections = atoi(optarg); break;
        case 'n': options.window = atoi(optarg); break;
        case 'f': options.flood = atoi(optarg); break;
        case 'b': options.bytes = strtoul(optarg, NULL, 10); break;
        case 'u': options.warmup_s = atof(optarg); break;
        case 's': options.seconds = atof(optarg); break;
        default: exit(2);
    }
}

static bool is_mode(const char *name) { return !strcmp(options.mode, name); }
static bool is_wire(const char *name) { return !strcmp(options.wire, name); }

/* -- Time ---------------------------------------------------------------------------------- */

static double clock_s(clockid_t which) {
    struct timespec now;
    clock_gettime(which, &now);
    return now.tv_sec + now.tv_nsec * 1e-9;
}

static double now_s(void) { return clock_s(CLOCK_MONOTONIC); }
static double cpu_s(void) { return clock_s(CLOCK_PROCESS_CPUTIME_ID); }

/* -- Bytes --------------------------------------------------------------------------------- */

struct bytes {
    unsigned char *at;
    size_t length, room;
};

static void put(struct bytes *to, const void *from, size_t length) {
    if (to->length + length > to->room) {
        to->room = 2 * (to->length + length);
        to->at = realloc(to->at, to->room);
        if (!to->at) fail("out of memory");
    }
    memcpy(to->at + to->length, from, length);
    to->length += length;
}

static void put_number(struct bytes *to, uint64_t number, int width) {
    while (width--) put(to, &(unsigned char){number >> (8 * width)}, 1);
}

static uint64_t number_at(const unsigned char *from, int width) {
    uint64_t number = 0;
    while (width--) number = number << 8 | *from++;
    return number;
}

/* -- Wires: what is sent, and what has to come back ---------------------------------------- */

/* Where an answer carries the number of its slot, and in how many bytes; 0: nowhere. */
static size_t slot_at, slot_width;
static struct bytes requests[SLOTS_MAX], replies[SLOTS_MAX];

static void put_mcws(struct bytes *to, int type, const unsigned char *fields, size_t fields_length,
                     const struct bytes *payload) {
    put_number(to, 2 + fields_length + payload->length, 4);
    put_number(to, type, 1);
    put_number(to, 0, 1);
    put(to, fields, fields_length);
    put(to, payload->at, payload->length);
}

static void put_ws(struct bytes *to, int opcode, const unsigned char *payload, size_t length,
                   bool is_masked) {
    int mask_bit = is_masked ? 0x80 : 0;
    put_number(to, 0x80 | opcode, 1);
    if (length < 126) {
        put_number(to, mask_bit | length, 1);
    } else {
        put_number(to, mask_bit | (length < 65536 ? 126 : 127), 1);
        put_number(to, length, length < 65536 ? 2 : 8);
    }
    static const unsigned char mask[4] = {0x12, 0x34, 0x56, 0x78};
    if (is_masked) put(to, mask, 4);
    for (size_t i = 0; i < length; i++)
        put(to, &(unsigned char){payload[i] ^ (is_masked ? mask[i & 3] : 0)}, 1);
}

/* Socket.IO 5 in Engine.IO 4: "42" is an event, "42" and a number one that is to be acknowledged. */
static void put_socketio(struct bytes *to, const char *head, const char *name,
                         const struct bytes *payload, bool is_masked) {
    struct bytes text = {0};
    put(&text, head, strlen(head));
    put(&text, name, strlen(name));
    put(&text, "\"", 1);
    put(&text, payload->at, payload->length);
    put(&text, "\"]", 2);
    put_ws(to, 1, text.at, text.length, is_masked);
    free(text.at);
}

static void put_zmtp(struct bytes *to, const struct bytes *payload) {
    bool is_long = payload->length > 255;
    put_number(to, is_long ? 2 : 0, 1);
    put_number(to, payload->length, is_long ? 8 : 1);
    put(to, payload->at, payload->length);
}

static void make_messages(int slot, const struct bytes *payload) {
    struct bytes *out = &requests[slot], *in = &replies[slot];
    unsigned char ids[8] = {0, 0, slot >> 8, slot};
    char head[16];
    if (is_wire("raw")) {
        put(out, payload->at, payload->length);
    } else if (is_wire("prefixed")) {
        put_number(out, payload->length, 4);
        put(out, payload->at, payload->length);
    } else if (is_wire("mcws")) {
        put_mcws(out, 0x10, ids, 0, payload);
    } else if (is_wire("mcws-request")) {
        put_mcws(out, 0x11, ids, 8, payload);
        put_mcws(in, 0x12, ids, 4, payload);
        slot_at = 6, slot_width = 4;
    } else if (is_wire("ws")) {
        put_ws(out, 2, payload->at, payload->length, true);
        put_ws(in, 2, payload->at, payload->length, false);
    } else if (is_wire("socketio")) {
        put_socketio(out, "42", "[\"message\",", payload, true);
        put_socketio(in, "42", "[\"message\",", payload, false);
    } else if (is_wire("socketio-call")) {
        snprintf(head, sizeof head, "42%d", 100 + slot);
        put_socketio(out, head, "[\"message\",", payload, true);
        head[1] = '3';
        put_socketio(in, head, "[", payload, false);
        slot_at = (in->at[1] < 126 ? 2 : 4) + 2, slot_width = 3;
    } else if (is_wire("zmtp")) {
        put_zmtp(out, payload);
    } else {
        fail("no wire is called %s", options.wire);
    }
    if (!in->length) put(in, out->at, out->length);
}

static unsigned slot_of(const unsigned char *answer) {
    if (slot_width == 4) return number_at(answer + slot_at, 4);
    unsigned number = 0;
    for (size_t i = 0; i < slot_width; i++) number = number * 10 + answer[slot_at + i] - '0';
    return number - 100;
}

/* Copies of the one message and of its answer, where all are the same. */
static struct bytes train, expected;

static void make_all_messages(void) {
    struct bytes payload = {0};
    for (size_t i = 0; !options.payload && i < options.bytes; i++)
        put(&payload, &(unsigned char){'a' + i % 26}, 1);
    for (const char *hex = options.payload; hex && *hex; hex += 2)
        put(&payload, &(unsigned char){strtoul((char[]){hex[0], hex[1], 0}, NULL, 16)}, 1);
    make_messages(0, &payload);
    for (int slot = 1; slot_width && slot < options.window; slot++) make_messages(slot, &payload);
    do put(&train, requests[0].at, requests[0].length);
    while (train.length + requests[0].length <= TRAIN_BYTES);
    do put(&expected, replies[0].at, replies[0].length);
    while (expected.length < READ_BYTES + replies[0].length);
    free(payload.at);
}

/* -- Openings: what is said, and what ends the answer -------------------------------------- */

enum until { HTTP_HEAD, MCWS_FRAME, WS_FRAME, ZMTP_GREETING, ZMTP_FRAME, ECHO };

static struct step {
    struct bytes say;
    enum until until;
} steps[4];
static int steps_count;

static struct bytes *add_step(enum until until) {
    steps[steps_count].until = until;
    return &steps[steps_count++].say;
}

static void add_upgrade(const char *path) {
    char text[512];
    snprintf(text, sizeof text,
             "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\n"
             "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
             "Sec-WebSocket-Version: 13\r\n\r\n", path, options.port);
    put(add_step(HTTP_HEAD), text, strlen(text));
}

/* No id, no contract, no authentication, nothing kept: what a small device says. */
static void add_hello(void) {
    struct bytes *say = add_step(MCWS_FRAME);
    put_number(say, 2 + 51, 4);
    put_number(say, 0x01, 1);
    put_number(say, 0, 1);
    put(say, "MCWS\1", 5);
    put_number(say, (1 << 20) + 64, 4); /* frame_bytes_max */
    put_number(say, 0, 2);              /* window */
    put_number(say, 20, 2);             /* keepalive_s */
    put_number(say, 1, 4);              /* features: requests */
    put_number(say, 0, 8);              /* incarnation */
    put_number(say, 0, 4);              /* attempt */
    put_number(say, 0, 8);              /* sid */
    put_number(say, 0, 8);              /* received */
    put_number(say, 0, 1);              /* id */
    put_number(say, 0, 1);              /* contract */
    put_number(say, 0, 2);              /* auth */
    put_number(say, 0, 2);              /* ext */
}

static void add_zmtp(void) {
    struct bytes *greeting = add_step(ZMTP_GREETING);
    put_number(greeting, 0xff, 1);
    put_number(greeting, 0, 7);
    put_number(greeting, 0, 1);
    put_number(greeting, 0x7f0300, 3);
    put(greeting, "NULL\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
    put(greeting, (unsigned char[32]){0}, 32);
    put(add_step(ZMTP_FRAME), "\4\34\5READY\13Socket-Type\0\0\0\6DEALER", 30);
}

static void make_opening(void) {
    if (is_wire("raw") || is_wire("prefixed")) {
        /* It has none: an echo proves that somebody is there. A broadcast would reach all. */
        if (!is_mode("broadcast")) put(add_step(ECHO), requests[0].at, requests[0].length);
    } else if (is_wire("mcws") || is_wire("mcws-request")) {
        add_hello();
    } else if (is_wire("zmtp")) {
        add_zmtp();
    } else if (is_wire("ws")) {
        add_upgrade("/");
    } else {
        add_upgrade("/socket.io/?EIO=4&transport=websocket");
        add_step(WS_FRAME);
        put_ws(add_step(WS_FRAME), 1, (const unsigned char *)"40", 2, true);
    }
}

/* Returns how many bytes end the step; 0: more have to come. */
static size_t end_of_step(enum until until, const unsigned char *at, size_t length) {
    const unsigned char *end;
    size_t need = 0;
    switch (until) {
    case HTTP_HEAD:
        end = memmem(at, length, "\r\n\r\n", 4);
        if (end && memcmp(at, "HTTP/1.1 101", 12)) fail("the upgrade was refused: %.60s", at);
        return end ? (size_t)(end - at) + 4 : 0;
    case MCWS_FRAME:
        if (length > 4 && at[4] != 2) fail("frame %d came instead of WELCOME", at[4]);
        if (length > 4) need = 4 + number_at(at, 4);
        break;
    case WS_FRAME:
        if (length > 4) need = at[1] < 126 ? 2u + at[1] : 4 + number_at(at + 2, 2);
        break;
    case ZMTP_GREETING:
        need = 64;
        break;
    case ZMTP_FRAME:
        if (length > 2) need = 2 + at[1];
        break;
    case ECHO:
        need = replies[0].length;
        break;
    }
    return need && length >= need ? need : 0;
}

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
            put(&one->held, buffer, receive(one, buffer));
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
