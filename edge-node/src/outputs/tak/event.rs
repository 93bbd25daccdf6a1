//! An event of Cursor on Target, as it is before it is written and after it was read: header, point and detail. The
//! detail is kept whole, so that what passes through loses nothing.
//!
//! Source: MITRE MTR 99W0000100 (event schema 2.0), TAK protocol version 1.

use fusion_core::time::Timestamp;

/// An error that is not known, metres: what TAK's own clients write.
pub const UNKNOWN_M: f64 = 9_999_999.0;

/// From this error on readers take it for unknown, metres.
pub const UNKNOWN_FROM_M: f64 = 999_999.0;

/// One event.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Who or what: unique in the world, the same from event to event.
    pub uid: String,
    /// What kind, such as `a-u-A`.
    pub kind: String,
    /// How the point came about, such as `m-f`.
    pub how: String,
    /// When it was sent.
    pub time: Timestamp,
    /// From when it holds.
    pub start: Timestamp,
    /// Until when it is worth showing.
    pub stale: Timestamp,
    /// Where.
    pub point: Point,
    /// Attributes that need not be there.
    pub marks: Marks,
    /// What stands under `detail`.
    pub detail: Vec<Element>,
}

/// Attributes of an event that need not be there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// Priority, overtaking, assurance: `1-r-c`.
    pub qos: Option<String>,
    /// Operation, exercise or simulation: `s-NAME`.
    pub opex: Option<String>,
    /// Level of classification.
    pub access: Option<String>,
    /// Handling caveats.
    pub caveat: Option<String>,
    /// Who may receive it.
    pub releasable_to: Option<String>,
}

/// A place and how well it is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Degrees.
    pub latitude_deg: f64,
    /// Degrees.
    pub longitude_deg: f64,
    /// Above the WGS-84 ellipsoid, metres.
    pub height_m: f64,
    /// One sigma of the horizontal position in its worst direction, metres.
    pub circular_error_m: f64,
    /// One sigma of the height, metres.
    pub linear_error_m: f64,
}

impl Point {
    /// Of what is nowhere: messages about messages.
    pub const NOWHERE: Self = Self {
        latitude_deg: 0.0,
        longitude_deg: 0.0,
        height_m: 0.0,
        circular_error_m: UNKNOWN_M,
        linear_error_m: UNKNOWN_M,
    };
}

/// An element of the detail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// Its name.
    pub name: String,
    /// Its attributes, in their order.
    pub attributes: Vec<(String, String)>,
    /// Text in it, without the blanks around.
    pub text: String,
    /// Elements in it.
    pub children: Vec<Self>,
}

impl Element {
    /// An empty element.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// With an attribute.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.attributes.push((name.to_owned(), value.to_string()));
        self
    }

    /// With an element in it.
    #[must_use]
    pub fn containing(mut self, child: Self) -> Self {
        self.children.push(child);
        self
    }

    /// With text in it.
    #[must_use]
    pub fn saying(mut self, text: impl Into<String>) -> Self {
        self.text = text.into();
        self
    }

    /// The value of an attribute.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Whether its attributes are among these, and nothing else is in it.
    pub(super) fn has_only(&self, names: &[&str]) -> bool {
        self.text.is_empty()
            && self.children.is_empty()
            && self.attributes.iter().all(|(name, _)| names.contains(&name.as_str()))
    }
}

impl Event {
    /// The first element of the detail with this name.
    #[must_use]
    pub fn element(&self, name: &str) -> Option<&Element> {
        self.detail.iter().find(|element| element.name == name)
    }
}
