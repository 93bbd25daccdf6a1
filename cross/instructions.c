/* Counts the instructions that a program computes from the entry of one function until its caller goes on: a plugin for
 * qemu-user. Callees are counted, the caller is not.
 *
 *     qemu-aarch64 -plugin ./instructions.so,enter=NAME,leave=NAME -d plugin PROGRAM …
 *
 * The names are parts of symbols, of the function and of its caller; neither may be inlined. `-d` makes qemu read the
 * symbols. Blocks of translated code end with a branch or a call, so a block is of one function, and whole blocks are
 * counted. For one thread: the counters are bare.
 *
 * The interface is declared here as far as it is used: no distribution ships qemu's header. */

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
struct qemu_plugin_insn;

extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
extern struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block, size_t index);
extern const char *qemu_plugin_insn_symbol(const struct qemu_plugin_insn *instruction);
extern void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id, void (*call)(plugin_id, struct qemu_plugin_tb *));
extern void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *block, void (*call)(unsigned, void *), int flags,
                                                 void *data);
extern void qemu_plugin_register_atexit_cb(plugin_id id, void (*call)(plugin_id, void *), void *data);
extern void qemu_plugin_outs(const char *text);

EXPORT int qemu_plugin_version = PLUGIN_VERSION;

static char enter[128], leave[128];
static bool counting;
static uint64_t instructions, entries;

static void count(unsigned cpu, void *length)
{
    (void)cpu;
    if (counting)
        instructions += (uintptr_t)length;
}

static void begin(unsigned cpu, void *length)
{
    entries += !counting;
    counting = true;
    count(cpu, length);
}

static void end(unsigned cpu, void *length)
{
    (void)cpu, (void)length;
    counting = false;
}

/* Whenever a block is translated: what is to be done each time it is executed. */
static void translate(plugin_id id, struct qemu_plugin_tb *block)
{
    const char *symbol = qemu_plugin_insn_symbol(qemu_plugin_tb_get_insn(block, 0));
    void (*call)(unsigned, void *) = count;
    (void)id;
    if (symbol && strstr(symbol, enter))
        call = begin;
    else if (symbol && strstr(symbol, leave))
        call = end;
    qemu_plugin_register_vcpu_tb_exec_cb(block, call, 0, (void *)(uintptr_t)qemu_plugin_tb_n_insns(block));
}

static void report(plugin_id id, void *data)
{
    char line[80];
    (void)id, (void)data;
    snprintf(line, sizeof line, "instructions %" PRIu64 " entries %" PRIu64 "\n", instructions, entries);
    qemu_plugin_outs(line);
}

EXPORT int qemu_plugin_install(plugin_id id, const void *info, int count_of_words, char **words)
{
    (void)info;
    for (int i = 0; i < count_of_words; i++) {
        sscanf(words[i], "enter=%127s", enter);
        sscanf(words[i], "leave=%127s", leave);
    }
    if (!*enter || !*leave)
        return -1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
    qemu_plugin_register_atexit_cb(id, report, NULL);
    return 0;
}
