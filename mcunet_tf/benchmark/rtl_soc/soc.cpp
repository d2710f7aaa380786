// SPDX-License-Identifier: Apache-2.0
//
// The rest of the chip around a core that Verilator has made C++ of: memory that answers in the next
// cycle, and three registers: two whose other side are this program's standard streams, and the cycle of
// the simulation, which the core's own counter can be held against. There are no wait
// states and no caches, so what is measured is the core alone.
//
//   sim image.elf
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "Vsoc.h"
#include "verilated.h"

namespace {

constexpr uint32_t kMemory = 0x80000000u;
constexpr uint32_t kFlashBytes = 4u << 20;
constexpr uint32_t kMemoryBytes = 8u << 20;
constexpr uint32_t kLink = 0x10000000u;  // uart_rtl.c
enum Register : uint32_t { kWrite = 0, kRead = 4, kCycle = 8 };
constexpr int kResetCycles = 10;

struct ElfHeader {  // System V ABI, chapter 4: 32 bits, little endian
  uint8_t identification[16];
  uint16_t type, machine;
  uint32_t version, entry, segments_offset, sections_offset, flags;
  uint16_t header_bytes, segment_bytes, segments, section_bytes, sections, names;
};

struct ElfSegment {
  uint32_t type, offset, address, load_address, file_bytes, memory_bytes, flags, alignment;
};

[[noreturn]] void fail(const std::string &reason) {
  std::fprintf(stderr, "%s\n", reason.c_str());
  std::_Exit(1);
}

std::string hex(uint32_t value) {
  char text[16];
  std::snprintf(text, sizeof text, "0x%08X", value);
  return text;
}

class Memory {
 public:
  explicit Memory(const char *path) : bytes_(kMemoryBytes) {
    std::ifstream stream(path, std::ios::binary);
    const std::vector<char> file{std::istreambuf_iterator<char>(stream), {}};
    ElfHeader header;
    if (file.size() < sizeof header) {
      fail(std::string("cannot read ") + path);
    }
    std::memcpy(&header, file.data(), sizeof header);
    entry_ = header.entry;
    constexpr uint32_t kLoad = 1;
    for (unsigned i = 0; i < header.segments; i++) {
      ElfSegment segment;
      std::memcpy(&segment, &file.at(header.segments_offset + i * header.segment_bytes),
                  sizeof segment);
      if (segment.type == kLoad && segment.file_bytes != 0) {
        const uint32_t at = segment.load_address - kMemory;
        if (at > kMemoryBytes || segment.file_bytes > kMemoryBytes - at) {
          fail("the image lies outside of the memory");
        }
        std::memcpy(&bytes_[at], &file.at(segment.offset), segment.file_bytes);
      }
    }
  }

  uint32_t entry() const {
    return entry_;
  }

  uint32_t read(uint32_t address) const {
    uint32_t word = 0;
    const uint32_t at = (address & ~3u) - kMemory;
    if (at < kMemoryBytes) {  // the core may fetch behind the end, but not use what it got
      std::memcpy(&word, &bytes_[at], sizeof word);
    }
    return word;
  }

  uint32_t load(uint32_t address) const {
    if (address - kMemory >= kMemoryBytes) {
      fail("the program reads " + hex(address) + ", where nothing is");
    }
    return read(address);
  }

  void store(uint32_t address, uint32_t word, unsigned lanes) {
    const uint32_t at = (address & ~3u) - kMemory;
    if (at < kFlashBytes || at >= kMemoryBytes) {
      fail("the program writes " + hex(address) + ", where no RAM is");
    }
    for (unsigned lane = 0; lane < 4; lane++) {
      if (lanes >> lane & 1) {
        bytes_[at + lane] = static_cast<uint8_t>(word >> (8 * lane));
      }
    }
  }

 private:
  std::vector<uint8_t> bytes_;
  uint32_t entry_ = 0;
};

// The standard streams, a byte at a time; the host ends the simulation by ending its stream.
uint32_t link(uint32_t address, bool write_enable, uint32_t word, uint64_t cycle) {
  uint8_t byte = static_cast<uint8_t>(word);
  if (!write_enable && address == kLink + kCycle) {
    return static_cast<uint32_t>(cycle);
  }
  if (write_enable && address == kLink + kWrite) {
    if (::write(STDOUT_FILENO, &byte, 1) != 1) {
      std::_Exit(0);
    }
  } else if (!write_enable && address == kLink + kRead) {
    if (::read(STDIN_FILENO, &byte, 1) != 1) {
      std::_Exit(0);
    }
    return byte;
  } else {
    fail("the program uses " + hex(address) + ", where nothing is");
  }
  return 0;
}

uint32_t access(Memory &memory, const Vsoc &soc, uint64_t cycle) {
  const uint32_t address = soc.data_addr_o;
  if (address - kLink < 12) {
    return link(address, soc.data_we_o, soc.data_wdata_o, cycle);
  }
  if (!soc.data_we_o) {
    return memory.load(address);
  }
  memory.store(address, soc.data_wdata_o, soc.data_be_o);
  return 0;
}

}  // namespace

int main(int argc, char **argv) {
  if (argc != 2) {
    fail("usage: sim image.elf");
  }
  Memory memory(argv[1]);
  VerilatedContext context;
  Vsoc soc{&context};
  soc.boot_addr_i = memory.entry();
  for (uint64_t cycle = 0;; cycle++) {
    soc.clk_i = 0;
    soc.rst_ni = cycle >= kResetCycles;
    soc.eval();
    // What the core asks for before the edge is answered behind it.
    const bool fetches = soc.rst_ni && soc.instr_req_o;
    const bool accesses = soc.rst_ni && soc.data_req_o;
    const uint32_t instruction = fetches ? memory.read(soc.instr_addr_o) : 0;
    const uint32_t data = accesses ? access(memory, soc, cycle) : 0;
    soc.clk_i = 1;
    soc.eval();
    soc.instr_rvalid_i = fetches;
    soc.instr_rdata_i = instruction;
    soc.data_rvalid_i = accesses;
    soc.data_rdata_i = data;
  }
}
