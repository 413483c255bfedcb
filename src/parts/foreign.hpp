// SPDX-License-Identifier: Apache-2.0
/// Classes and functions that a file names and that are none of Keras's: somebody's own loss,
/// metric or optimizer. They are kept as text, and written back; what cannot do without them says
/// so.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "engram/choice.hpp"

namespace engram {

/// Stands as the options of such a thing.
struct Foreign {
  Foreign() = default;

  Foreign(std::string its_name, std::string its_object)
      : name(std::move(its_name)), object(std::move(its_object)) {}

  std::string name;    ///< "MyLoss", "package>my_loss"
  std::string object;  ///< the file's JSON for it
};

/// What all foreign things of a family are: a spec that does nothing. There is one for losses,
/// metrics, optimizers, regularizers and constraints.
template <class Spec>
const Spec& foreign_spec();

template <class Spec, class Chosen = Choice<Spec>>
Chosen foreign_choice(std::string name, std::string object) {
  return Chosen(foreign_spec<Spec>(),
                std::make_shared<Foreign>(std::move(name), std::move(object)));
}

/// Null for a thing of Keras's.
template <class Spec>
const Foreign* foreign_of(const Choice<Spec>& choice) {
  return &choice.spec() == &foreign_spec<Spec>() ? static_cast<const Foreign*>(choice.options())
                                                 : nullptr;
}

/// Keras's name, or the foreign one.
template <class Spec>
std::string class_name_of(const Choice<Spec>& choice) {
  const Foreign* foreign = foreign_of(choice);
  return foreign == nullptr ? std::string(choice.spec().class_name) : foreign->name;
}

}  // namespace engram
