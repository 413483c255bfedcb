// SPDX-License-Identifier: Apache-2.0
/// Loading a model opens its file and nothing else, whatever the file says.
#include <gtest/gtest.h>

#if defined(__x86_64__) && defined(__linux__)

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstring>

#include "io/archive.hpp"

namespace engram {
namespace {

using formats::Json;

constexpr unsigned kPass = 0x656e6772;  // the fifth argument of calls that are not to be watched
constexpr std::array kOpening = {SYS_open, SYS_openat};
constexpr std::array kForbidden = {
    SYS_creat, SYS_socket, SYS_connect, SYS_execve, SYS_unlink, SYS_rename, SYS_mkdir, SYS_symlink};

char opened[4096] = "";

void note(const char* text) {
  std::strncat(opened, text, sizeof(opened) - std::strlen(opened) - 1);
  std::strncat(opened, "\n", sizeof(opened) - std::strlen(opened) - 1);
}

/// Notes the file that is opened, and opens it; refuses other calls.
void on_call(int, siginfo_t* info, void* context) {
  greg_t* registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  const bool is_at = info->si_syscall == SYS_openat;
  if (!is_at && info->si_syscall != SYS_open) {
    note("(a forbidden call)");
    registers[REG_RAX] = -EPERM;
    return;
  }
  const auto* path = reinterpret_cast<const char*>(registers[is_at ? REG_RSI : REG_RDI]);
  note(path);
  const long file = ::syscall(SYS_openat,
                              is_at ? registers[REG_RDI] : AT_FDCWD,
                              path,
                              registers[is_at ? REG_RDX : REG_RSI],
                              registers[is_at ? REG_R10 : REG_RDX],
                              kPass);
  registers[REG_RAX] = file < 0 ? -errno : file;
}

/// From here on `on_call` sees every call that opens, connects, runs or changes names.
bool watch() {
  std::vector<sock_filter> filter = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[4])),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kPass, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
  std::vector<long> calls(kOpening.begin(), kOpening.end());
  calls.insert(calls.end(), kForbidden.begin(), kForbidden.end());
  for (const long call : calls) {
    filter.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(call), 0, 1));
    filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP));
  }
  filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  const sock_fprog program{.len = static_cast<unsigned short>(filter.size()),
                           .filter = filter.data()};

  struct sigaction action {};

  action.sa_sigaction = on_call;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  return ::sigaction(SIGSYS, &action, nullptr) == 0 &&
         ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/// What `use` opens, a line each.
std::string opened_by(const std::function<void()>& use) {
  return in_child([&] {
           if (!watch()) {
             throw FileError("no seccomp");
           }
           try {
             use();
           } catch (const FileError&) {
           }
           throw FileError(opened);
         })
      .text;
}

TEST(LoadModel, OpensNothingButItsFile) {
  if (opened_by([] {}) == "no seccomp") {
    GTEST_SKIP() << "this system has no seccomp";
  }
  EXPECT_EQ(opened_by([] { static_cast<void>(std::ifstream("/etc/none")); }), "/etc/none\n");
  const TemporaryFolder folder;
  const std::vector<std::function<void(Archive&)>> changes = {
      [](Archive&) {},
      [](Archive& a) { a.config["class_name"] = "/etc/passwd"; },
      [](Archive& a) { a.layer(1)["name"] = "/etc/passwd"; },
      [](Archive& a) { a.layer(1)["activation"] = "file:///etc/passwd"; },
      [](Archive& a) { a.layer(1)["vocabulary"] = "http://127.0.0.1/"; },
      [](Archive& a) {
        a.layer(1)["kernel_initializer"] = {{"class_name", "../x"}};
      },
      [](Archive& a) { a.config["config"]["layers"][1]["class_name"] = "TFSMLayer"; },
      [](Archive& a) { a.config["config"]["layers"][1]["module"] = "/tmp/evil.so"; },
      [](Archive& a) {
        a.compile()["loss"] = {{"class_name", "function"}, {"config", "/x"}};
      },
      [](Archive& a) { a["engram/state.json"] = "{\"engram\": \"/etc/passwd\"}"; },
      [](Archive& a) { a["model.weights.h5"].resize(3000); },
      [](Archive& a) { a["engram/callbacks/0/0.npy"] = "\x93NUMPY"; }};
  for (const auto& change : changes) {
    Archive archive = small_archive();
    change(archive);
    const std::string path = archive.write(folder);
    EXPECT_EQ(opened_by([&] { load_model(path); }), path + "\n");
  }
}

}  // namespace
}  // namespace engram

#endif
