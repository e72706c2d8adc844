/* Wires: what the load generator says in each, and what has to come back. No I/O.
 *
 * A wire is a text of requests and answers, which differ at most by the number of a slot, and an
 * opening: steps, each something to say and what ends the answer to it.
 */
#include <getopt.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    READ_BYTES = 1 << 20,  /* more than a socket holds, so that one read empties it */
    TRAIN_BYTES = 1 << 16, /* copies of one message that are sent with one call */
    SLOTS_MAX = 512,       /* requests under way on one connection */
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

