// For processors with AMX. Their kernel takes the extended registers of a traced process (ptrace, PTRACE_SETREGSET, NT_X86_XSTATE)
// only as a whole, as large as the processor's own; User-Mode Linux before 6.13 gives 2,696 bytes, which is all but those of AMX,
// and its first process dies. Loaded in front of the C library (LD_PRELOAD), this fills in the rest from the process itself.
// Without headers and libraries, so that it takes a compiler and nothing else.
enum { PEEKTEXT = 1, PEEKUSER = 3, GETREGSET = 0x4204, SETREGSET = 0x4205, X86_XSTATE = 0x202, SYS_PTRACE = 101 };

struct part {
  void *start;
  unsigned long length;
};

extern long syscall(long number, ...); // of the C library: sets errno

long ptrace(int request, int process, void *address, void *data) {
  // Those that look at one word return it; the system call writes it to where it is told.
  if (request >= PEEKTEXT && request <= PEEKUSER) {
    long word;
    return syscall(SYS_PTRACE, request, process, address, &word) < 0 ? -1 : word;
  }
  if (request != SETREGSET || (long)address != X86_XSTATE) return syscall(SYS_PTRACE, request, process, address, data);
  static unsigned char registers[65536];
  struct part whole = {registers, sizeof registers};
  const struct part *given = data;
  if (syscall(SYS_PTRACE, GETREGSET, process, address, &whole) < 0) return -1;
  for (unsigned long at = 0; at < given->length && at < whole.length; at++) registers[at] = ((unsigned char *)given->start)[at];
  return syscall(SYS_PTRACE, request, process, address, &whole);
}
